#!/usr/bin/env bash
# Builds the service's image for arm64 and has it answer the golden set on this machine, emulated by qemu-aarch64.
#
#   scripts/ci/arm64.sh [ARGUMENT...]      (npm run ci:arm64)
#
# Every ARGUMENT goes to the builder. PAWL_TEST_ARM64_ROOT=FOLDER is an image that is unpacked already, which is then not built.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -z "${PAWL_TEST_ARM64_ROOT:-}" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  scripts/ci/build-images.sh inference arm64 linux/arm64 "$@"
  scripts/ci/unpack-image.sh pawl-inference:arm64 "$work/root"
  PAWL_TEST_ARM64_ROOT=$work/root
fi
export PAWL_TEST_ARM64_ROOT
npm run --silent jest -- test/images/arm64
