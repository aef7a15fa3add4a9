#!/usr/bin/env bash
# Writes an image of this machine to an archive: a folder by buildah (OCI layout), a file by docker (docker save).
#
#   scripts/ci/export-image.sh IMAGE PATH
#
# Asks the builder that `npm run ci:build` would take; PAWL_BUILDER=docker|buildah chooses.
set -euo pipefail
[ $# = 2 ] || { echo "usage: export-image.sh IMAGE PATH" >&2; exit 64; }
builder=${PAWL_BUILDER:-}
if [ -z "$builder" ]; then
  if docker buildx version >/dev/null 2>&1; then builder=docker; else builder=buildah; fi
fi
case $builder in
  docker) docker save --output "$2" "$1" ;;
  buildah) buildah push --quiet "$1" "oci:$2" >&2 ;;
  *) echo "PAWL_BUILDER is $builder: expected docker or buildah" >&2; exit 64 ;;
esac
