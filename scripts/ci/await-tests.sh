#!/usr/bin/env bash
# Waits until test.yml has ended for a commit, and passes if its tests did.
#
#   GITHUB_REPOSITORY=owner/repository npm run -s ci:tested -- COMMIT
#
# test.yml and build.yml start at the same push. An image of the default branch is pushed as `latest` and deployed only if its tests
# passed. Variables: GITHUB_REF_NAME, the branch (default: any); POLL_SECONDS (30) and WAIT_SECONDS (5400).
#
# Exit codes: 0 they passed; 1 they did not, or did not end in time; 2 a wrong call.
set -euo pipefail

[[ $# = 1 && $1 =~ ^[0-9a-f]{40}$ ]] || {
  printf 'error: expected the full hash of a commit [USAGE]\nnext:  scripts/ci/await-tests.sh COMMIT\n' >&2
  exit 2
}
repository=${GITHUB_REPOSITORY:?set it to owner/repository}
poll=${POLL_SECONDS:-30}
runs="repos/$repository/actions/workflows/test.yml/runs?head_sha=$1&per_page=1${GITHUB_REF_NAME:+&branch=$GITHUB_REF_NAME}"
fail() { # CODE MESSAGE NEXT
  printf 'error: %s [%s]\nnext:  %s\n' "$2" "$1" "$3" >&2
  exit 1
}

said=
for ((waited = 0; waited <= ${WAIT_SECONDS:-5400}; waited += poll)); do
  # The newest first. An answer that does not come is asked for again: GitHub is not always there.
  line=$(timeout 60 gh api "$runs" --jq '.workflow_runs[0] // empty | [.status, .conclusion // "-", .html_url] | join(" ")') || line=
  read -r status conclusion address <<<"$line" || true
  if [ "$status" = completed ]; then
    [ "$conclusion" != success ] || { echo "the tests of ${1:0:7} passed: $address" && exit 0; }
    [ "$conclusion" != cancelled ] ||
      fail TESTS_CANCELLED "the tests of ${1:0:7} were cancelled: $address" 'a newer commit has its own run; else run them again'
    fail TESTS_FAILED "the tests of ${1:0:7} ended as $conclusion: $address" 'repair them; this commit is not published'
  fi
  [ "$status" = "$said" ] || echo "the tests of ${1:0:7} are ${status:-not there yet}"
  said=$status
  sleep "$poll"
done
fail TESTS_LATE "the tests of ${1:0:7} have not ended after $waited s" 'look at test.yml, then run this job again'
