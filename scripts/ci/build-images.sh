#!/usr/bin/env bash
# Builds images as CI does, with docker buildx or, where there is none, with buildah; two builds of a commit have one digest.
#
#   scripts/ci/build-images.sh [TARGET [TAG [PLATFORM [ARGUMENT...]]]]      (npm run ci:build)
#
# TARGET is a target of the Dockerfile or "all" (default); TAG names the image pawl-TARGET:TAG (default "dev"); PLATFORM is
# linux/amd64 or linux/arm64 (default: this machine's). Every further ARGUMENT goes to the builder.
# PAWL_BUILDER=docker|buildah chooses, SOURCE_DATE_EPOCH is the time of all files (default: that of the commit).
set -euo pipefail
cd "$(dirname "$0")/../.."

mapfile -t targets < <(sed -nE 's/^FROM .* AS (inference|controller|cli|mlflow)$/\1/p' Dockerfile)
target=${1:-all} tag=${2:-dev} platform=${3:-}
shift $(($# < 3 ? $# : 3))
if [ "$target" != all ]; then
  case " ${targets[*]} " in
    *" $target "*) targets=("$target") ;;
    *) echo "no target $target in the Dockerfile: expected all, ${targets[*]}" >&2; exit 64 ;;
  esac
fi

machine() {
  case $(uname -m) in
    x86_64) echo linux/amd64 ;;
    aarch64 | arm64) echo linux/arm64 ;;
    *) echo "no image for $(uname -m): expected x86_64 or aarch64" >&2; return 1 ;;
  esac
}
own=$(machine)
platform=${platform:-$own}
case $platform in
  linux/amd64 | linux/arm64) ;;
  *) echo "no image for $platform: expected linux/amd64 or linux/arm64" >&2; exit 64 ;;
esac
builder=${PAWL_BUILDER:-}
if [ -z "$builder" ]; then
  if docker buildx version >/dev/null 2>&1; then builder=docker
  elif command -v buildah >/dev/null; then builder=buildah
  else echo "neither docker buildx nor buildah is there: install one of them" >&2; exit 69; fi
fi

# Outside of a checkout there is no commit; then it is the epoch.
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
version=$(sed -nE 's/^  "version": "(.*)",$/\1/p' package.json)
arguments=(--file Dockerfile --platform "$platform" --build-arg "VERSION=$version"
  --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)")
for target in "${targets[@]}"; do
  echo "pawl-$target:$tag for $platform, by $builder" >&2
  case $builder in
    docker)
      # The archive must not name a time of its own, nor the files that are copied in.
      docker buildx build "${arguments[@]}" --build-arg "SOURCE_DATE_EPOCH=$epoch" --provenance=false \
        --output "type=docker,rewrite-timestamp=true" --target "$target" --tag "pawl-$target:$tag" "$@" .
      ;;
    buildah)
      # This version knows the platform of a stage only when it is told.
      buildah build "${arguments[@]}" --build-arg "TARGETARCH=${platform#linux/}" --build-arg "BUILDPLATFORM=$own" \
        --timestamp "$epoch" --isolation chroot --target "$target" --tag "pawl-$target:$tag" "$@" .
      ;;
    *) echo "PAWL_BUILDER is $builder: expected docker or buildah" >&2; exit 64 ;;
  esac
done
