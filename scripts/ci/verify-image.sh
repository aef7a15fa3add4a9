#!/usr/bin/env bash
# Verifies that an image was built and signed by build.yml of this repository, and prints its name with the digest that was
# verified, so that nothing else is run when the tag moves.
#
#   GITHUB_REPOSITORY=pawl-dev/pawl npm run -s ci:verify-image -- ghcr.io/pawl-dev/pawl-inference:1.2.0
#
# Needs cosign 3. The signature is keyless: a certificate of Sigstore for the workflow, in the public log.
set -euo pipefail

[ $# = 1 ] || {
  printf 'error: expected an image [USAGE]\nnext:  scripts/ci/verify-image.sh NAME:TAG\n' >&2
  exit 2
}
repository=${GITHUB_REPOSITORY:?set it to owner/repository}
# Dots are meant as dots.
identity="^https://github\.com/${repository//./\\.}/\.github/workflows/build\.yml@refs/"
if ! verified=$(timeout 120 cosign verify --certificate-identity-regexp "$identity" \
  --certificate-oidc-issuer https://token.actions.githubusercontent.com --output json "$1"); then
  printf 'error: build.yml of %s did not sign %s [IMAGE_UNVERIFIED]\nnext:  deploy an image that it built\n' "$repository" "$1" >&2
  exit 1
fi
digest=$(node -p '
  const signed = JSON.parse(require("fs").readFileSync(0, "utf8"));
  [...new Set(signed.map(({ critical }) => critical.image["docker-manifest-digest"]))].join(" ")' <<<"$verified")
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || {
  printf 'error: cosign names no single digest of %s: "%s" [DIGEST_INVALID]\nnext:  name the image by its digest\n' "$1" "$digest" >&2
  exit 1
}
name=${1%@*}
case ${name##*/} in *:*) name=${name%:*} ;; esac
printf '%s@%s\n' "$name" "$digest"
