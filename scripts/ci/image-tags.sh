#!/usr/bin/env bash
# Every name that a build of an image gets in the registry, one a line.
#
#   npm run -s ci:tags -- images pawl-inference
#   npm run -s ci:tags -- mlflow pawl-mlflow
#
# It reads what GitHub sets for every job: GITHUB_REPOSITORY_OWNER, GITHUB_REF, GITHUB_SHA. On another machine they are those
# of the checkout; REGISTRY (default ghcr.io) and DEFAULT_BRANCH (default main) can be set as well.
#
#   ref                    images                              mlflow
#   refs/heads/main        latest, main, sha-0123456           latest, main, main-0123456
#   refs/heads/feature/x   feature-x, sha-0123456              feature-x, feature-x-0123456
#   refs/pull/7/merge      pr-7                                pr-7
#   refs/tags/v1.2.3       1.2.3, 1.2, 1, sha-0123456          1.2.3, 1.2, 1
#   refs/tags/v1.3.0-rc.1  1.3.0-rc.1, sha-0123456             1.3.0-rc.1
#
# A pull request has no sha: the commit that is built is a merge that nobody can look up later. A major version 0 has no tag
# of its own, for its minor versions may break.
set -euo pipefail
# One meaning of A-Z, whatever the machine speaks.
export LC_ALL=C

fail() { # CODE MESSAGE NEXT
  printf 'error: %s [%s]\nnext:  %s\n' "$2" "$1" "$3" >&2
  exit 2
}

[ $# = 2 ] || fail USAGE 'expected a kind of image and its name' 'scripts/ci/image-tags.sh images|mlflow NAME'
kind=$1
name=$2
case $kind in images | mlflow) ;; *) fail USAGE "no kind of image: $kind" 'use images or mlflow' ;; esac

owner=${GITHUB_REPOSITORY_OWNER:-$(git config --get remote.origin.url | sed -E 's#^.*[:/]([^/]+)/[^/]+$#\1#')}
ref=${GITHUB_REF:-refs/heads/$(git branch --show-current)}
sha=${GITHUB_SHA:-$(git rev-parse HEAD)}
[[ $sha =~ ^[0-9a-f]{40}$ ]] || fail SHA_INVALID "no commit: '$sha'" 'set GITHUB_SHA to the 40 digits of a commit'
[[ $owner =~ ^[A-Za-z0-9-]+$ ]] || fail OWNER_INVALID "no owner of a repository: '$owner'" 'set GITHUB_REPOSITORY_OWNER'
short=${sha:0:7}

# What a registry takes as a tag: letters, digits, _ . and -, no . or - at the beginning, 128 at most; of a long name the end
# is cut, with room for "-0123456".
as_tag() {
  local text=${1//[^A-Za-z0-9_.-]/-}
  while [[ $text == [.-]* ]]; do text=${text:1}; done
  printf '%s' "${text:0:119}"
}

tags=()
case $ref in
  refs/pull/*/*)
    number=${ref#refs/pull/}
    number=${number%%/*}
    [[ $number =~ ^[0-9]+$ ]] || fail REF_INVALID "no pull request: $ref" 'expected refs/pull/NUMBER/merge'
    tags=("pr-$number")
    ;;
  refs/tags/v*)
    version=${ref#refs/tags/v}
    part='(0|[1-9][0-9]*)'
    [[ $version =~ ^$part\.$part\.$part(-[0-9A-Za-z.-]+)?$ ]] ||
      fail VERSION_INVALID "no semantic version: v$version" 'tag a release as v1.2.3 or v1.3.0-rc.1'
    tags=("$version")
    if [ -z "${BASH_REMATCH[4]}" ]; then
      tags+=("${BASH_REMATCH[1]}.${BASH_REMATCH[2]}")
      [ "${BASH_REMATCH[1]}" = 0 ] || tags+=("${BASH_REMATCH[1]}")
    fi
    [ "$kind" = mlflow ] || tags+=("sha-$short")
    ;;
  refs/heads/*)
    branch=$(as_tag "${ref#refs/heads/}")
    [ -n "$branch" ] || fail REF_INVALID "no tag can be made of $ref" 'use letters and digits in the name of a branch'
    [ "${ref#refs/heads/}" != "${DEFAULT_BRANCH:-main}" ] || tags=(latest)
    tags+=("$branch")
    if [ "$kind" = mlflow ]; then tags+=("$branch-$short"); else tags+=("sha-$short"); fi
    ;;
  *) fail REF_INVALID "neither a branch, nor a version tag, nor a pull request: $ref" 'run it on one of them' ;;
esac

# A registry's names are in lower case, an owner's are not always.
for tag in "${tags[@]}"; do printf '%s/%s/%s:%s\n' "${REGISTRY:-ghcr.io}" "${owner,,}" "$name" "$tag"; done
