#!/usr/bin/env bash
# Builds stand-ins of third parties' images, under the names and versions of compose.yaml, of what package registries have: for
# machines that cannot pull. Each has the paths, the user and the programs that compose.yaml relies on; README.md says how else
# they differ. COMMAND builds one image, given its tag and its folder; by default it is: docker build --tag
#
#   test/compose/stand-ins/build.sh [COMMAND...]
set -euo pipefail
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- docker build --tag
contexts=$(mktemp -d)
trap 'rm -rf "$contexts"' EXIT
cp -r prometheus grafana postgres s3 registry "$contexts"

# Static, so that it runs on any base.
CGO_ENABLED=0 GOBIN=$contexts/s3 go install github.com/versity/versitygw/cmd/versitygw@v1.8.0
"$@" prom/prometheus:v3.15.0 "$contexts/prometheus"
"$@" grafana/grafana:13.2.3 "$contexts/grafana"
"$@" postgres:18.6 "$contexts/postgres"
"$@" versity/versitygw:v1.8.0 "$contexts/s3"
"$@" registry:3.1.1 "$contexts/registry"
