#!/usr/bin/env bash
# Tells people what became of a deployment, by Slack or by e-mail, as the one secret says:
#
#   NOTIFY_URL=https://hooks.slack.com/services/…                                        a webhook that takes {"text": …}
#   NOTIFY_URL='smtps://user:password@mail.example:465/?from=ci@example&to=ops@example'  a mail server
#
#   NOTIFY_URL=… npm run -s ci:notify -- 'pawl 1.2.0 is in production'
#
# Without NOTIFY_URL nobody is told. It ends with 0 always: a message that is lost must not fail what it tells of. The secret is
# in no argument of a program, because others on the machine can read those.
set -uo pipefail

text=${1:-}
url=${NOTIFY_URL:-}
unset NOTIFY_URL

warn() {
  if [ "${GITHUB_ACTIONS:-}" = true ]; then printf '::warning::%s\n' "$1"; else printf 'warning: %s\n' "$1" >&2; fi
  exit 0
}

[ -n "$text" ] || warn 'nobody was told: there is no text [USAGE]'
if [ -z "$url" ]; then
  echo 'nobody is told: NOTIFY_URL is not set'
  exit 0
fi
# GitHub hides the secret as a whole; what programs print of it may be a part.
if [ "${GITHUB_ACTIONS:-}" = true ]; then
  printf '::add-mask::%s\n' "$url"
  rest=${url#*://}
  printf '::add-mask::%s\n' "${rest#*/}"
  if [[ $rest == *:*@* ]]; then
    credentials=${rest%@*}
    credentials=${credentials%%@*}
    printf '::add-mask::%s\n' "${credentials#*:}"
  fi
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# The way curl reads a quoted word of its configuration.
quoted() { sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' <<<"$1"; }
send() { timeout 90 curl --silent --fail --output /dev/null --connect-timeout 10 --max-time 30 --retry 2 --config - "$@" 2>/dev/null; }

code=0
local_host='^(http|smtp)://([^@/]*@)?(localhost|127\.0\.0\.1)(:[0-9]+)?(/|$)'
if [[ $url =~ ^https?:// ]]; then
  [[ $url =~ ^https:// || $url =~ $local_host ]] || warn 'nobody was told: a webhook must be https [NOTIFY_INSECURE]'
  node -p 'JSON.stringify({ text: process.argv[1] })' "$text" >"$folder/body" || warn 'nobody was told: node is missing [NOTIFY_FAILED]'
  printf 'url = "%s"\n' "$(quoted "$url")" |
    send --header 'Content-Type: application/json' --data-binary "@$folder/body" || code=$?
elif [[ $url =~ ^(smtps?://[^/?]+)/?\?from=([^\&[:space:]]+)\&to=([^\&[:space:]]+)$ ]]; then
  server=${BASH_REMATCH[1]} from=${BASH_REMATCH[2]} to=${BASH_REMATCH[3]}
  # A line of a header, whatever the text has in it.
  subject=$(head -c 200 <<<"${text%%$'\n'*}" | tr -d '\r\n')
  printf 'From: %s\r\nTo: %s\r\nSubject: %s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n' \
    "$from" "$to" "$subject" "${text//$'\n'/$'\r\n'}" >"$folder/body"
  # A password goes over the network encrypted or not at all.
  tls=(--ssl-reqd)
  [[ ! $server/ =~ $local_host ]] || tls=()
  printf 'url = "%s"\nmail-from = "%s"\nmail-rcpt = "%s"\n' "$(quoted "$server")" "$(quoted "$from")" "$(quoted "$to")" |
    send "${tls[@]}" --upload-file "$folder/body" || code=$?
else
  warn 'nobody was told: NOTIFY_URL is neither https://… nor smtps://…?from=…&to=… [NOTIFY_INVALID]'
fi
[ "$code" = 0 ] || warn "nobody was told: curl ended with $code [NOTIFY_FAILED]"
echo 'told'
