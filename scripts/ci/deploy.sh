#!/usr/bin/env bash
# Deploys an image of the service with compose.yaml, asks it, and goes back by itself when it does not answer as it must.
#
#   npm run -s ci:deploy -- ENVIRONMENT IMAGE
#   npm run -s ci:deploy -- staging ghcr.io/pawl-dev/pawl-inference:sha-0123456
#
# ENVIRONMENT is a name, which the compose project has, too: pawl-ENVIRONMENT. Variables:
#
#   PREVIOUS_IMAGE   what to go back to; default: what runs in this environment now
#   SERVICE_URL      where the service answers; default http://localhost:8000
#   KEEP_RUNNING     true on a machine that serves; otherwise all is taken down in the end, as on a runner that is thrown away
#   DEPLOY_OUTCOME   a file that gets deployed, rolled-back or failed
#
# Exit codes: 0 it is deployed; 1 it failed its smoke test, and the previous image serves and answers again; 2 a wrong call;
# 3 it failed, and there is nothing to go back to, or that does not answer either.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() { # CODE MESSAGE NEXT
  printf 'error: %s [%s]\nnext:  %s\n' "$2" "$1" "$3" >&2
  exit 2
}
[ $# = 2 ] || fail USAGE 'expected an environment and an image' 'npm run ci:deploy -- ENVIRONMENT IMAGE'
environment=$1
image=$2
[[ $environment =~ ^[a-z][a-z0-9-]{0,39}$ ]] ||
  fail ENVIRONMENT_INVALID "no name of an environment: '$environment'" 'use lower case, such as staging'
[[ $image =~ ^[a-zA-Z0-9][a-zA-Z0-9._/:@-]*$ ]] ||
  fail IMAGE_INVALID "no name of an image: '$image'" 'use a name as docker pull takes it'
url=${SERVICE_URL:-http://localhost:8000}

compose() { timeout --kill-after=10 "$1" docker compose --project-name "pawl-$environment" "${@:2}"; }
outcome() {
  echo "outcome: $1"
  [ -z "${DEPLOY_OUTCOME:-}" ] || echo "$1" >"$DEPLOY_OUTCOME"
}

# Starts an image in the place of what runs, and asks it. Containers that are not healthy in time are a failure, as is a smoke
# test that fails: the rest of the stack stays as it is, so a rollback is quick.
serve() { # IMAGE
  echo "== $environment: $1"
  # compose.yaml can build the service, so `up` would not pull it. What is here may never have been in a registry.
  timeout 30 docker image inspect "$1" >/dev/null 2>&1 || timeout 600 docker pull --quiet "$1" || return 1
  INFERENCE_IMAGE=$1 compose 420 up --detach --no-build --wait --wait-timeout 300 || return 1
  timeout 180 npx pawl smoke "$url" --wait 60s || return 1
}

# shellcheck disable=SC2317 # The trap calls it.
end() {
  local code=$?
  # On a machine that serves, what answers is left to answer.
  if [ "${KEEP_RUNNING:-}" != true ]; then
    INFERENCE_IMAGE=$image compose 120 down --volumes --remove-orphans || echo 'warning: what was started could not be taken down' >&2
  fi
  exit "$code"
}

running_image() {
  local container
  container=$(INFERENCE_IMAGE=$image compose 30 ps --quiet inference) || return 0
  [ -n "$container" ] || return 0
  local name
  name=$(timeout 30 docker inspect --format '{{.Config.Image}}' "$container")
  # A tag that was moved, such as latest, names the new image already; the id names the one that runs.
  if [ "$name" = "$image" ]; then name=$(timeout 30 docker inspect --format '{{.Image}}' "$container"); fi
  echo "$name"
}

previous=${PREVIOUS_IMAGE:-}
[ -n "$previous" ] || previous=$(running_image)
echo "before: ${previous:-nothing}"
trap end EXIT

if serve "$image"; then
  outcome deployed
  exit 0
fi

echo "error: $image does not serve in $environment [DEPLOY_FAILED]" >&2
# Why, while its containers are still there.
INFERENCE_IMAGE=$image compose 30 logs --no-color --tail 60 inference >&2 || true
if [ -z "$previous" ] || [ "$previous" = "$image" ]; then
  outcome failed
  echo 'error: nothing was deployed here before, so there is nothing to go back to [ROLLBACK_IMPOSSIBLE]' >&2
  exit 3
fi
echo "== back to $previous"
if serve "$previous"; then
  outcome rolled-back
  echo "next:  repair $image and deploy it again; $previous serves" >&2
  exit 1
fi
outcome failed
echo "error: $previous does not serve either [ROLLBACK_FAILED]" >&2
echo 'next:  the cause is outside of the image: look at the logs above, the machine and the model' >&2
exit 3
