#!/usr/bin/env bash
# Keeps a pull request that makes the next version: it takes the changesets of the checkout, and is merged when it shall be
# released. Run in a checkout of the default branch; GH_TOKEN may push branches and open pull requests.
#
#   GH_TOKEN=… npm run -s ci:version-pull-request
set -euo pipefail
branch=release/next

version=$(npm run --silent ci:version | tail -1)
if [ "$version" = 'no changesets: nothing to release' ]; then
  echo "$version"
  exit 0
fi
base=$(git branch --show-current)
base=${base:-${GITHUB_REF_NAME:-main}}
git switch --quiet --force-create "$branch"
git add --all
git commit --quiet --message "Release $version" --message 'Every change since the last version is in CHANGELOG.md.'

# Git reads the token from the environment. No file contains it.
authorization=$(printf 'x-access-token:%s' "$GH_TOKEN" | base64 -w0)
[ "${GITHUB_ACTIONS:-}" != true ] || echo "::add-mask::$authorization"
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="http.${GITHUB_SERVER_URL:-https://github.com}/.extraheader"
export GIT_CONFIG_VALUE_0="AUTHORIZATION: basic $authorization"
# Nobody else writes to this branch; it is made anew from the default branch each time.
timeout 120 git push --quiet --force origin "HEAD:refs/heads/$branch"
body="Merging this makes version $version. Then tag the merge, and a draft of the release is made: \`git tag -s v$version && git push origin v$version\`."
if [ "$(timeout 60 gh pr list --head "$branch" --state open --json number --jq length)" = 0 ]; then
  timeout 60 gh pr create --head "$branch" --base "$base" --title "Release $version" --body "$body"
else
  timeout 60 gh pr edit "$branch" --title "Release $version" --body "$body"
fi
