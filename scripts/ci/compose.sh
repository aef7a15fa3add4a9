#!/usr/bin/env bash
# The stack of compose.yaml on this machine's Docker (docs/compose.md):
#
#   scripts/ci/compose.sh up               builds what has to be built, starts it, and ends when every container is healthy
#   scripts/ci/compose.sh smoke            pawl smoke, at the port of the service
#   scripts/ci/compose.sh down [--volumes] takes it down; with --volumes also what it wrote
#   scripts/ci/compose.sh secrets          writes a .env with passwords of its own for the profile mlflow
#
# INFERENCE_IMAGE and MLFLOW_IMAGE are images to run instead of built ones: a name with a tag or a digest, or a name alone with the
# tag in TAG.
# COMPOSE_PROFILES adds profiles, separated by commas; WAIT_SECONDS (default 300) is how long a start may take.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() {
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2
  exit 2
}

fail() { # CODE MESSAGE NEXT
  printf 'error: %s [%s]\nnext:  %s\n' "$2" "$1" "$3" >&2
  return 1
}

# A setting as Compose sees it: of the shell, else of .env.
setting() { # NAME
  if [ -n "${!1:-}" ]; then echo "${!1}"; elif [ -f .env ]; then sed -n "s/^$1=//p" .env | tail -1; fi
}

# A name without a tag gets the one of TAG. What is after the last slash decides: before it is the port of a registry.
whole_reference() { # NAME
  case ${1##*/} in
    *:* | *@*) echo "$1" ;;
    *) echo "$1:${TAG:-dev}" ;;
  esac
}

# Builds the image of a service, or fetches the one that is named in its place.
provide() { # SERVICE VARIABLE
  local image
  image=$(setting "$2")
  if [ -z "$image" ]; then
    docker compose build "$1" >&2
    return
  fi
  image=$(whole_reference "$image")
  export "$2=$image"
  # One that is here is the one that is meant: it may never have been in a registry.
  docker image inspect "$image" >/dev/null 2>&1 || docker pull "$image" >&2
}

up() {
  provide inference INFERENCE_IMAGE
  case ,$(setting COMPOSE_PROFILES), in *,mlflow,* | *,'*',*) provide mlflow MLFLOW_IMAGE ;; esac
  if ! docker compose up --no-build --detach --wait --wait-timeout "${WAIT_SECONDS:-300}" "$@"; then
    docker compose ps --all >&2 || true
    docker compose logs --no-color --tail 20 >&2 || true
    fail STACK_UNHEALTHY 'not every service became healthy; what Docker says and the last lines of each service are above' \
      'see docs/compose.md#when-it-does-not-start; npm run compose:down takes down what did start'
  fi
}

smoke() {
  local address
  address=$(docker compose port inference 8000)
  [ -f apps/cli/dist/bundle/main.js ] || npm run --silent build >&2
  npx --no-install pawl smoke "http://$address" --wait 60s "$@"
}

secrets() {
  if [ -e .env ]; then
    fail ENV_EXISTS 'there is a .env, and its passwords are those that the volumes were made with' \
      'keep it, or delete it together with the volumes: npm run compose:down -- --volumes'
  fi
  (
    umask 077
    {
      echo "POSTGRES_PASSWORD=$(openssl rand -hex 24)"
      echo "S3_SECRET_KEY=$(openssl rand -hex 24)"
    } >.env
  )
  echo 'wrote .env, which Git ignores and only you read' >&2
}

command=${1:-}
shift || true
case $command in
  up) up "$@" ;;
  smoke) smoke "$@" ;;
  # Of every profile: what was started with one is not left behind without it.
  down) docker compose --profile '*' down --remove-orphans "$@" ;;
  secrets) secrets ;;
  *) usage ;;
esac
