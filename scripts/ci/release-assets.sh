#!/usr/bin/env bash
# The files of a release, in a folder, and what proves where they come from. In this order:
#
#   npm run -s ci:release -- pack FOLDER               the sources, both charts, the CRD, an SBOM of the packages; SHA256SUMS
#   npm run -s ci:release -- sign FOLDER               FILE.sigstore.json beside each, by cosign
#   npm run -s ci:release -- provenance FOLDER BUNDLE  FILE.intoto.jsonl beside each, from an attestation of all of them
#   npm run -s ci:release -- draft FOLDER TAG NOTES    a draft of a release on GitHub with all of it
#
# Files that are put into FOLDER before `sign` are of the release as well: `sums` writes SHA256SUMS anew. Signing is keyless, or by
# the key of COSIGN_KEY (with COSIGN_OPTIONS, more words for cosign).
set -euo pipefail

fail() { # CODE MESSAGE NEXT
  printf 'error: %s [%s]\nnext:  %s\n' "$2" "$1" "$3" >&2
  exit 1
}
usage() {
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2
  exit 2
}
[ $# -ge 2 ] || usage
command=$1
folder=$2

# What is released: everything but the proofs.
assets() { find "$folder" -maxdepth 1 -type f ! -name '*.sigstore.json' ! -name '*.intoto.jsonl' -printf '%f\n' | LC_ALL=C sort; }

sums() {
  local names
  mapfile -t names < <(assets | grep -vx SHA256SUMS)
  [ ${#names[@]} -gt 0 ] || fail ASSETS_MISSING "nothing to release in $folder" 'npm run ci:release -- pack FOLDER'
  (cd "$folder" && sha256sum "${names[@]}") >"$folder/.sums"
  mv "$folder/.sums" "$folder/SHA256SUMS"
}

pack() {
  local version charts owner
  version=$(node -p 'require("./package.json").version')
  owner=${GITHUB_REPOSITORY_OWNER:-pawl-dev}
  mkdir -p "$folder"
  # The time in the archive is that of the commit, so the same commit makes the same bytes.
  git archive --format=tar --prefix="pawl-$version/" HEAD | gzip -n >"$folder/pawl-$version-source.tar.gz"
  charts=$(mktemp -d)
  cp -R charts/pawl charts/pawl-crds "$charts"
  # A fork's chart runs the images of the fork.
  sed -i "s#ghcr\.io/pawl-dev/#ghcr.io/${owner,,}/#" "$charts/pawl/values.yaml"
  timeout 60 helm package "$charts/pawl" "$charts/pawl-crds" --destination "$folder" >&2
  rm -rf "$charts"
  cp charts/pawl-crds/templates/*.yaml "$folder/"
  # `--omit dev` would leave out what the root lists for tests and a program needs as well, such as sharp: npm marks the others.
  timeout 120 npm sbom --sbom-format cyclonedx --package-lock-only | node -e '
    const bom = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const isDevelopment = ({ properties = [] }) => properties.some(({ name }) => name === "cdx:npm:package:development");
    const left = new Set(bom.components.filter(isDevelopment).map((one) => one["bom-ref"]));
    const stays = (ref) => !left.has(ref);
    const components = bom.components.filter((one) => stays(one["bom-ref"]));
    const dependencies = bom.dependencies
      .filter(({ ref }) => stays(ref))
      .map((one) => ({ ...one, dependsOn: one.dependsOn.filter(stays) }));
    console.log(JSON.stringify({ ...bom, components, dependencies }, null, 2));' >"$folder/pawl-$version-sbom.cdx.json"
  sums
}

sign() {
  local name key=()
  [ -z "${COSIGN_KEY:-}" ] || key=(--key "$COSIGN_KEY")
  read -ra options <<<"${COSIGN_OPTIONS:-}"
  while read -r name; do
    timeout 120 cosign sign-blob --yes "${key[@]}" "${options[@]}" --bundle "$folder/$name.sigstore.json" "$folder/$name" >/dev/null
    [ -s "$folder/$name.sigstore.json" ] || fail SIGNATURE_MISSING "cosign wrote no bundle for $name" 'cosign version: 3 is needed'
  done < <(assets)
}

provenance() { # BUNDLE
  local name digest subjects
  # A Sigstore bundle with an in-toto statement in it, which names what it is about.
  subjects=$(node -p '
    const { dsseEnvelope } = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const { subject } = JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString());
    subject.map(({ digest }) => digest.sha256).join("\n")' <"$1")
  while read -r name; do
    digest=$(sha256sum "$folder/$name")
    grep -qx "${digest%% *}" <<<"$subjects" ||
      fail PROVENANCE_FOREIGN "the attestation is not about $name" 'attest the files of the folder, after the last of them was written'
    # On one line, as the ending says.
    node -p 'JSON.stringify(JSON.parse(require("fs").readFileSync(0, "utf8")))' <"$1" >"$folder/$name.intoto.jsonl"
  done < <(assets)
}

draft() { # TAG NOTES
  local name missing=() kind=()
  while read -r name; do
    [ -s "$folder/$name.sigstore.json" ] || missing+=("$name.sigstore.json")
    [ -s "$folder/$name.intoto.jsonl" ] || missing+=("$name.intoto.jsonl")
  done < <(assets)
  # A release may be immutable once it is published, so all of it must be there before.
  [ ${#missing[@]} = 0 ] || fail PROOF_MISSING "not there: ${missing[*]}" 'run sign and provenance first'
  case $1 in *-*) kind=(--prerelease) ;; esac
  timeout 300 gh release create "$1" --draft --verify-tag --title "$1" --notes-file "$2" "${kind[@]}" "$folder"/*
}

case $command,$# in
  pack,2) pack ;;
  sums,2) sums ;;
  sign,2) sign ;;
  provenance,3) provenance "$3" ;;
  draft,4) draft "$3" "$4" ;;
  *) usage ;;
esac
