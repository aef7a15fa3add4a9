#!/usr/bin/env bash
# What an image is built from, one `NAME=value` a line: build arguments, and the record of the bases.
#
#   npm run -s ci:build-args                     # of ./Dockerfile
#   docker buildx build $(npm run -s ci:build-args | sed 's/^/--build-arg /') --target inference .
#
# For each base that the Dockerfile names by `ARG X_IMAGE=…`, it asks the registry which digest the tag has now. With the digests,
# the same commit builds the same image later. SOURCE_DATE_EPOCH is the time of the commit.
set -euo pipefail

dockerfile=${1:-Dockerfile}
[ -r "$dockerfile" ] || {
  printf 'error: no file %s [FILE_MISSING]\nnext:  run it in the root of the repository, or name a Dockerfile\n' "$dockerfile" >&2
  exit 2
}

while IFS='=' read -r name reference; do
  # A digest of the index, so that it serves every platform.
  digest=$(timeout 60 docker buildx imagetools inspect "$reference" --format '{{.Manifest.Digest}}')
  [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || {
    printf 'error: the registry gave no digest of %s but "%s" [DIGEST_INVALID]\nnext:  docker buildx imagetools inspect %s\n' \
      "$reference" "$digest" "$reference" >&2
    exit 1
  }
  printf '%s=%s@%s\n' "$name" "$reference" "$digest"
done < <(sed -nE 's/^ARG ([A-Z_]+_IMAGE)=(.+)$/\1=\2/p' "$dockerfile")

revision=${GITHUB_SHA:-$(git rev-parse HEAD)}
version=${GITHUB_REF:-}
case $version in refs/tags/v*) version=${version#refs/tags/v} ;; *) version=sha-${revision:0:7} ;; esac
printf 'VERSION=%s\nREVISION=%s\nSOURCE_DATE_EPOCH=%s\n' "$version" "$revision" "$(git log -1 --format=%ct "$revision")"
