#!/usr/bin/env bash
# Pushes a packed chart to an OCI registry, signs it, and prints its name with the digest.
#
#   npm run -s ci:chart -- pawl-1.2.0.tgz oci://ghcr.io/pawl-dev/charts
#
# HELM_OPTIONS and COSIGN_OPTIONS are more words for `helm push` and `cosign sign`, such as --plain-http; COSIGN_KEY is a key,
# without which the signature is keyless.
set -euo pipefail

if [ $# != 2 ] || [[ $2 != oci://* ]]; then
  printf 'error: expected a packed chart and the address of a registry [USAGE]\nnext:  scripts/ci/publish-chart.sh FILE oci://REGISTRY/FOLDER\n' >&2
  exit 2
fi
read -ra options <<<"${HELM_OPTIONS:-}"
said=$(timeout 120 helm push "$1" "$2" "${options[@]}" 2>&1) || {
  printf '%s\nerror: %s could not be pushed to %s [CHART_UNPUSHED]\nnext:  helm registry login\n' "$said" "$1" "$2" >&2
  exit 1
}
digest=$(sed -n 's/^Digest: \(sha256:[0-9a-f]\{64\}\)$/\1/p' <<<"$said")
[ -n "$digest" ] || {
  printf '%s\nerror: helm names no digest [DIGEST_INVALID]\nnext:  helm version: 3 or 4 is needed\n' "$said" >&2
  exit 1
}
# The name is in the chart: the file may be called anything.
name=$(tar -xzOf "$1" --wildcards '*/Chart.yaml' --no-wildcards-match-slash | sed -n 's/^name: //p' | head -1)
image=${2#oci://}/$name@$digest
key=()
[ -z "${COSIGN_KEY:-}" ] || key=(--key "$COSIGN_KEY")
read -ra options <<<"${COSIGN_OPTIONS:-}"
timeout 120 cosign sign --yes "${key[@]}" "${options[@]}" "$image" >&2
echo "$image"
