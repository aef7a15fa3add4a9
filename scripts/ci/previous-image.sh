#!/usr/bin/env bash
# The image of the last deployment of an environment that succeeded, by GitHub's record of deployments; nothing where none did.
#
#   GITHUB_REPOSITORY=owner/repository npm run -s ci:previous -- staging pawl-inference
#
# A runner is thrown away after each deployment, so only the record knows what was there. A deployment's commit has an image of
# the tag sha-<short>. The commit that is being deployed (GITHUB_SHA) does not count.
set -euo pipefail

[ $# = 2 ] || {
  printf 'error: expected an environment and the name of an image [USAGE]\nnext:  scripts/ci/previous-image.sh ENVIRONMENT NAME\n' >&2
  exit 2
}
repository=${GITHUB_REPOSITORY:?set it to owner/repository}
owner=${repository%%/*}

while IFS=$'\t' read -r id sha; do
  [ "$sha" != "${GITHUB_SHA:-}" ] || continue
  # It becomes inactive when a later one succeeds; that it once succeeded is what counts.
  succeeded=$(timeout 60 gh api "repos/$repository/deployments/$id/statuses?per_page=100" --jq 'any(.[]; .state == "success")')
  [ "$succeeded" = true ] || continue
  printf '%s/%s/%s:sha-%s\n' "${REGISTRY:-ghcr.io}" "${owner,,}" "$2" "${sha:0:7}"
  exit 0
done < <(timeout 60 gh api "repos/$repository/deployments?environment=$1&per_page=30" --jq '.[] | [.id, .sha] | @tsv')
