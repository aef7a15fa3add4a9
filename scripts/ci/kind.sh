#!/usr/bin/env bash
# A cluster for the tests, on any machine with Docker and kind: a node with the images of this checkout on it, and a registry
# that has one address from here and from pods. Writes the variables that the tests take to reports/kind.env:
#
#   npm run kind && set -a && . reports/kind.env && npm run e2e
#
# Taken down by: kind delete cluster --name pawl && docker rm -f pawl-registry
set -euo pipefail
cd "$(dirname "$0")/../.."
# Kubernetes 1.35 as kind 0.31 was released with it: image volumes are on by default.
node_image=kindest/node:v1.35.0@sha256:452d707d4862f52530247495d180205e029056831160e22870e37e3f6c1ac31f
registry_image=registry:2.8.3
name=pawl

kind get clusters 2>/dev/null | grep -qx "$name" || kind create cluster --name "$name" --image "$node_image" --wait 120s >&2
docker inspect pawl-registry >/dev/null 2>&1 || docker run --detach --name pawl-registry --network kind "$registry_image" >&2
# Its address on the network of the node: the same for this machine, for the node, and for pods.
registry=$(docker inspect --format '{{(index .NetworkSettings.Networks "kind").IPAddress}}' pawl-registry):5000
docker exec --interactive "$name-control-plane" sh -c "mkdir -p '/etc/containerd/certs.d/$registry' && cat >'/etc/containerd/certs.d/$registry/hosts.toml'" <<T
[host."http://$registry"]
  capabilities = ["pull", "resolve"]
T
for target in inference controller cli; do
  docker build --quiet --target "$target" --tag "pawl-$target:kind" . >&2
  kind load docker-image --name "$name" "pawl-$target:kind" >&2
done
kubeconfig=$PWD/reports/kind.kubeconfig
mkdir -p reports
kind get kubeconfig --name "$name" >"$kubeconfig"
cat >reports/kind.env <<V
KUBECONFIG=$kubeconfig
PAWL_TEST_REGISTRY=$registry
PAWL_TEST_INFERENCE_IMAGE=pawl-inference:kind
PAWL_TEST_CONTROLLER_IMAGE=pawl-controller:kind
PAWL_TEST_CLI_IMAGE=pawl-cli:kind
PAWL_TEST_HELM=$(command -v helm)
PAWL_TEST_KUBECTL=$(command -v kubectl)
V
