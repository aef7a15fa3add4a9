#!/usr/bin/env bash
# Unpacks an image of this machine into a folder, whatever platform it is for: its files lie there as its programs see them.
#
#   scripts/ci/unpack-image.sh IMAGE FOLDER
set -euo pipefail
[ $# = 2 ] || { echo "usage: unpack-image.sh IMAGE FOLDER" >&2; exit 64; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$(dirname "$0")/export-image.sh" "$1" "$work/image"
if [ -f "$work/image" ]; then
  mkdir "$work/layout"
  tar -xf "$work/image" -C "$work/layout"
  mv "$work/layout" "$work/image.d"
else
  mv "$work/image" "$work/image.d"
fi
mkdir -p "$2"
# shellcheck disable=SC2016 # JavaScript's, not the shell's.
# The layers, bottom first. Ours only add files: there is nothing to take away again.
node -e '
  const { readFileSync } = require("fs");
  const read = (digest) => JSON.parse(readFileSync(`${process.argv[1]}/blobs/${digest.replace(":", "/")}`));
  let document = JSON.parse(readFileSync(`${process.argv[1]}/index.json`));
  while (document.manifests) document = read(document.manifests[0].digest);
  for (const { digest } of document.layers) console.log(digest.replace(":", "/"));
' "$work/image.d" | while read -r layer; do tar -xf "$work/image.d/blobs/$layer" -C "$2"; done
