#!/usr/bin/env bash
# Builds targets twice without a cache and compares the digests.
#
#   scripts/ci/reproducible.sh [TARGET [PLATFORM [ARGUMENT...]]]      (npm run ci:reproducible)
#
# As of build-images.sh, whose further arguments and variables it takes, too. The digest is that of the image's manifest, as
# a registry would have it; both builds must see the same base images and the same state of Debian's archive.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=${1:-all} platform=${2:-}
shift $(($# < 2 ? $# : 2))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mapfile -t targets < <(sed -nE 's/^FROM .* AS (inference|controller|cli|mlflow)$/\1/p' Dockerfile)
[ "$target" = all ] || targets=("$target")

commit() { git rev-parse HEAD 2>/dev/null || echo unknown; }
before=$(commit)
code=0
for target in "${targets[@]}"; do
  digests=()
  for run in 1 2; do
    scripts/ci/build-images.sh "$target" "twice-$run" "$platform" --no-cache "$@" >"$work/log" 2>&1 ||
      { tail -30 "$work/log" >&2; exit 1; }
    scripts/ci/export-image.sh "pawl-$target:twice-$run" "$work/image"
    # An OCI layout is a folder with an index of one manifest; docker save writes one into its archive, too.
    if [ -d "$work/image" ]; then index=$(cat "$work/image/index.json"); else index=$(tar -xOf "$work/image" index.json); fi
    digests+=("$(sed -nE 's/.*"digest":"(sha256:[0-9a-f]{64})".*/\1/p' <<<"$index")")
    rm -rf "$work/image"
  done
  if [ -n "${digests[0]}" ] && [ "${digests[0]}" = "${digests[1]}" ]; then
    echo "pawl-$target: ${digests[0]} twice"
  else
    echo "pawl-$target: ${digests[0]} and ${digests[1]}: expected one digest" >&2
    code=1
  fi
done
# An image says which commit it is of, and its files have the time of that.
if [ "$(commit)" != "$before" ]; then
  echo 'the checkout moved to another commit between the builds: run it again' >&2
  exit 75
fi
exit "$code"
