#!/usr/bin/env bash
# The repository's own docker-compose.yml from nothing to a KPI in Prometheus and a breach in Alertmanager, with the image that the Dockerfile builds; then everything is
# removed again. Where VIGIA_SHARED (../shared) has tools/standin-images.sh, images are built locally under the names that the files ask for, so that no registry is needed.
#
# Environment: VIGIA_SHARED, VIGIA_COMPOSE_PORTS (38420: the first of four ports). Exit status: 0 well or skipped (a line says why), 1 failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'compose-test: %s\n' "$*" >&2; }
skip() { say "skipped: $*"; exit 0; }
die() { say "FAILED: $*"; exit 1; }

shared=${VIGIA_SHARED:-../shared}
if [ -x "$shared/tools/standin-images.sh" ]; then
  log=$(mktemp)
  { "$shared/tools/standin-images.sh" kafka redis prometheus alertmanager golang distroless &&
    { docker compose version || "$shared/tools/compose.sh" --debian; }; } >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    docker info >/dev/null 2>&1 || skip "no container engine can run here"
    die "the stand-in images could not be built; the log is $log"
  }
  rm -f "$log"
fi
docker info >/dev/null 2>&1 || skip "no container engine answers here, and no stand-ins in VIGIA_SHARED ($shared)"
docker compose version >/dev/null 2>&1 || skip "docker has no compose here"
command -v curl >/dev/null || skip "curl is not installed"

first=${VIGIA_COMPOSE_PORTS:-38420}
export VIGIA_PORT=$first VIGIA_ADMIN_PORT=$((first + 1)) PROMETHEUS_PORT=$((first + 2)) ALERTMANAGER_PORT=$((first + 3))
export VIGIA_IMAGE=vigia:compose-test COMPOSE_PROJECT_NAME=vigia-compose-test COMPOSE_PROGRESS=plain
work=$(mktemp -d)

finish() {
  local rc=$?
  trap - EXIT
  [ $rc -eq 0 ] || docker compose logs --no-color --tail 40 >&2 || true
  docker compose down -v --remove-orphans >/dev/null 2>&1 || true
  docker image rm -f "$VIGIA_IMAGE" >/dev/null 2>&1 || true
  rm -rf "$work"
  exit $rc
}
trap finish EXIT

# until_says SECONDS WHAT PATTERN COMMAND…: until what the command prints contains the pattern.
until_says() {
  local deadline=$((SECONDS + $1)) what=$2 pattern=$3 out=
  shift 3
  until out=$("$@" 2>&1) && grep -q "$pattern" <<<"$out"; do
    ((SECONDS < deadline)) || die "$what: not in time; the last answer: ${out:0:600}"
    sleep 0.5
  done
  say "$what"
}

query() { curl -fsS "http://127.0.0.1:$PROMETHEUS_PORT/api/v1/query" --data-urlencode "query=$1"; }

from=$SECONDS
docker compose build --quiet secrets
say "image built in $((SECONDS - from)) s"

size=$(docker image inspect -f '{{.Size}}' "$VIGIA_IMAGE")
say "image of $((size / 1000000)) MB, user $(docker image inspect -f '{{.Config.User}}' "$VIGIA_IMAGE")"
[ "$size" -le 40000000 ] || die "the image has $size bytes, more than 40 MB"
case $(docker image inspect -f '{{.Config.User}}' "$VIGIA_IMAGE") in "" | 0 | 0:* | root*) die "the image runs as root" ;; esac

from=$SECONDS
docker compose up -d --wait --quiet-pull >"$work/up.log" 2>&1 || { tail -n 30 "$work/up.log" >&2; die "docker compose up --wait"; }
say "everything is healthy after $((SECONDS - from)) s"
container=$(docker compose ps -q vigia)
[ "$(docker inspect -f '{{.HostConfig.ReadonlyRootfs}}' "$container")" = true ] || die "the file system of vigia can be written"
if docker compose exec -T vigia /usr/bin/vigia init --config /etc/x.yml >/dev/null 2>&1; then die "a file could be written to /etc"; fi

docker compose cp vigia:/var/lib/vigia/vigia-secrets/ingest.token "$work/token" >/dev/null 2>&1
# A customer who wrote ten minutes ago and waits: the chat rule promises two.
event=$(printf '{"occurred_at":"%s","conversation":{"id":"compose-1"},"customer":{"id":"u1"},"actor":{"kind":"KIND_CUSTOMER"},"channel":"CHANNEL_WEB_CHAT","routing":{"queue_id":"compose"},"message":{"message_id":"m1","direction":"DIRECTION_INBOUND"}}' \
  "$(date -u -d '-10 minutes' +%Y-%m-%dT%H:%M:%SZ)")
curl -fsS -H "Authorization: Bearer $(cat "$work/token")" -H 'Content-Type: application/json' -d "$event" "http://127.0.0.1:$VIGIA_PORT/ingest/v1/events" >"$work/answer"
grep -q '"accepted":1' "$work/answer" || die "ingest answers $(cat "$work/answer")"
say "one event went in over HTTP"

until_says 60 "Prometheus scrapes Vigia" '"value":\[[0-9.]*,"1"\]' query 'min(up{job="vigia"})'
until_says 90 "the event's KPI is in Prometheus" '"value":\[[0-9.]*,"1"\]' query 'vigia_kpi_contacts_waiting{rollup="queue",queue="compose"}'
if docker compose exec -T vigia /usr/bin/vigia run --help | grep -qw alerter; then
  until_says 120 "its breach is in Alertmanager" 'compose' curl -fsS "http://127.0.0.1:$ALERTMANAGER_PORT/api/v2/alerts"
else
  say "this binary has no alerter: nothing to see in Alertmanager"
fi

docker compose kill -s HUP vigia >/dev/null 2>&1
until_says 20 "SIGHUP reloads the configuration" 'configuration reloaded' docker compose logs --no-color vigia
began=$(date +%s%N)
docker compose stop vigia >/dev/null 2>&1
took=$((($(date +%s%N) - began) / 1000000))
code=$(docker inspect -f '{{.State.ExitCode}}' "$container")
[ "$code" = 0 ] || die "vigia ended with exit code $code after SIGTERM"
[ $took -le 10000 ] || die "SIGTERM took $took ms"
say "SIGTERM answered in $took ms, exit code 0"
