#!/usr/bin/env bash
# Pushes an image that was built elsewhere, as it is: an OCI archive, all its platforms, SBOMs and provenances.
#
#   npm run -s ci:push -- image.tar ghcr.io/owner/pawl-inference:latest ghcr.io/owner/pawl-inference:sha-0123456
#
# Prints the digest, which is the one that was built. SKOPEO_OPTIONS are more words for `skopeo copy`, such as
# --dest-tls-verify=false for a registry without TLS.
set -euo pipefail

[ $# -ge 2 ] || {
  printf 'error: expected an archive and names [USAGE]\nnext:  scripts/ci/push-image.sh ARCHIVE NAME:TAG...\n' >&2
  exit 2
}
archive=$1
shift
read -ra options <<<"${SKOPEO_OPTIONS:-}"
digests=$(mktemp)
trap 'rm -f "$digests"' EXIT
digest=
for name in "$@"; do
  # A copy whose digest were another one would be signed as something that nobody built.
  timeout 600 skopeo copy --all --preserve-digests --retry-times 3 --digestfile "$digests" "${options[@]}" \
    "oci-archive:$archive" "docker://$name" >&2
  if [ -n "$digest" ] && [ "$digest" != "$(cat "$digests")" ]; then
    printf 'error: %s became %s, and %s before [DIGEST_DIFFERS]\nnext:  push once more; the archive was changed meanwhile\n' \
      "$name" "$(cat "$digests")" "$digest" >&2
    exit 1
  fi
  digest=$(cat "$digests")
done
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || {
  printf 'error: skopeo wrote no digest but "%s" [DIGEST_INVALID]\nnext:  skopeo --version\n' "$digest" >&2
  exit 1
}
printf '%s\n' "$digest"
