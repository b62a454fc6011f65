#!/usr/bin/env bash
# A real Prometheus and a real Alertmanager on this machine, from the system's packages, with the rules that Vigia ships; they scrape a Vigia that is running already.
#
#   scripts/prometheus.sh up       start what is not running and wait until both answer (safe to repeat)
#   scripts/prometheus.sh down     stop what `up` started; the data stays
#   scripts/prometheus.sh status   say what runs; exit 0 only when both answer
#   scripts/prometheus.sh wipe     down, and forget the data
#
# Environment: VIGIA_TARGET (127.0.0.1:8421, the admin listener) is scraped at /metrics and /metrics/kpi, VIGIA_TARGET_KPI overrules it for the latter; VIGIA_TOKEN_FILE
# holds the token for it, if it asks for one; VIGIA_PROMETHEUS_PORT (39190), VIGIA_ALERTMANAGER_PORT (39193; clustering is off), VIGIA_SCRAPE_INTERVAL (5s),
# VIGIA_HISTOGRAM (classic; native or both turn native histograms on), VIGIA_RULES (the shipped ones), VIGIA_ALERT_WEBHOOK (a URL that every alert is sent to),
# VIGIA_STACK_DIR (.stack). Exit status: 0 well, 1 failed, 2 wrong use, 3 something must be installed first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly target=${VIGIA_TARGET:-127.0.0.1:8421}
readonly target_kpi=${VIGIA_TARGET_KPI:-$target}
readonly port=${VIGIA_PROMETHEUS_PORT:-39190}
readonly alert_port=${VIGIA_ALERTMANAGER_PORT:-39193}
readonly histogram=${VIGIA_HISTOGRAM:-classic}
readonly interval=${VIGIA_SCRAPE_INTERVAL:-5s}
rules=$(realpath "${VIGIA_RULES:-deploy/prometheus/vigia.rules.yml}")
readonly rules
dir=${VIGIA_STACK_DIR:-.stack}
mkdir -p "$dir"/{log,run,data/prometheus,data/alertmanager}
dir=$(cd "$dir" && pwd)
readonly dir

say() { printf 'prometheus: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# program NAME…: the first of these that is installed.
program() {
  local name
  for name in "$@"; do command -v "$name" && return; done
  return 1
}

alertmanager=$(program alertmanager prometheus-alertmanager) || alertmanager=
readonly alertmanager

need_tools() {
  local missing=()
  command -v prometheus >/dev/null || missing+=(prometheus)
  command -v promtool >/dev/null || missing+=(promtool)
  [ -n "$alertmanager" ] || missing+=(alertmanager)
  command -v curl >/dev/null || missing+=(curl)
  [ ${#missing[@]} -eq 0 ] && return
  say "not installed here: ${missing[*]}. On Debian or Ubuntu: apt-get install prometheus prometheus-alertmanager curl"
  exit 3
}

# alive NAME: is the process that we started still there, and still ours (process ids are reused)?
alive() {
  local pid
  pid=$(cat "$dir/run/$1.pid" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || return 1
  case $(tr '\0' ' ' <"/proc/$pid/cmdline") in
    *"$dir"*) return 0 ;;
    *) return 1 ;;
  esac
}

answers() { curl -fsS -o /dev/null --max-time 2 "http://127.0.0.1:$1/-/ready" 2>/dev/null; }

# start NAME PORT COMMAND…: in a session of its own, so that Ctrl-C in this terminal does not reach it.
start() {
  local name=$1 at=$2 deadline=$((SECONDS + 30))
  shift 2
  if alive "$name"; then
    say "$name runs already"
  else
    answers "$at" && die "port $at already serves a program that is not ours; choose another with VIGIA_PROMETHEUS_PORT or VIGIA_ALERTMANAGER_PORT"
    setsid "$@" </dev/null >>"$dir/log/$name.log" 2>&1 &
    echo $! >"$dir/run/$name.pid"
  fi
  until answers "$at"; do
    # A process that was just forked is still this script for a moment.
    alive "$name" || { sleep 1; alive "$name"; } || { tail -n 20 "$dir/log/$name.log" >&2; die "$name ended while starting; its log is $dir/log/$name.log"; }
    ((SECONDS < deadline)) || { tail -n 20 "$dir/log/$name.log" >&2; die "$name does not answer on 127.0.0.1:$at after 30 s"; }
    sleep 0.2
  done
  say "$name answers on 127.0.0.1:$at"
}

configure() {
  local token=
  [ -z "${VIGIA_TOKEN_FILE:-}" ] || token="authorization: {credentials_file: $(realpath "$VIGIA_TOKEN_FILE")}"
  cat >"$dir/run/prometheus.yml" <<CONF
global: {scrape_interval: $interval, scrape_timeout: $interval, evaluation_interval: $interval}
rule_files: ["$rules"]
alerting:
  alertmanagers:
    - static_configs: [{targets: ["127.0.0.1:$alert_port"]}]
scrape_configs:
  - job_name: vigia
    static_configs: [{targets: ["$target"]}]
  - job_name: vigia-kpi
    metrics_path: /metrics/kpi
    params: {histogram: [$histogram]}
    static_configs: [{targets: ["$target_kpi"]}]
    $token
CONF
  local receiver="{name: all}"
  [ -z "${VIGIA_ALERT_WEBHOOK:-}" ] || receiver="{name: all, webhook_configs: [{url: \"$VIGIA_ALERT_WEBHOOK\", send_resolved: true}]}"
  cat >"$dir/run/alertmanager.yml" <<CONF
route: {receiver: all, group_by: [alertname, tenant, queue], group_wait: 1s, group_interval: 5s, repeat_interval: 1h}
receivers: [$receiver]
CONF
  promtool check config "$dir/run/prometheus.yml" >/dev/null
}

up() {
  need_tools
  configure
  start alertmanager "$alert_port" "$alertmanager" --config.file="$dir/run/alertmanager.yml" --storage.path="$dir/data/alertmanager" \
    --web.listen-address="127.0.0.1:$alert_port" --cluster.listen-address= --log.level=warn
  local features=()
  [ "$histogram" = classic ] || features=(--enable-feature=native-histograms)
  start prometheus "$port" prometheus "${features[@]}" --config.file="$dir/run/prometheus.yml" --storage.tsdb.path="$dir/data/prometheus" \
    --storage.tsdb.retention.time=2d --web.listen-address="127.0.0.1:$port" --web.enable-lifecycle --log.level=warn
  # Those that were running may have an older configuration.
  curl -fsS -X POST "http://127.0.0.1:$port/-/reload"
  curl -fsS -X POST "http://127.0.0.1:$alert_port/-/reload"
  say "rules and alerts: http://127.0.0.1:$port/alerts; stop with scripts/prometheus.sh down"
}

stop() {
  local pid deadline=$((SECONDS + 20))
  alive "$1" || { rm -f "$dir/run/$1.pid"; return 0; }
  pid=$(cat "$dir/run/$1.pid")
  kill "$pid"
  while kill -0 "$pid" 2>/dev/null; do
    ((SECONDS < deadline)) || { say "$1 does not stop; killing it"; kill -9 "$pid" 2>/dev/null || true; break; }
    sleep 0.1
  done
  rm -f "$dir/run/$1.pid"
  say "$1 stopped"
}

case ${1:-} in
  up) up ;;
  down) stop prometheus; stop alertmanager ;;
  wipe) stop prometheus; stop alertmanager; rm -rf "$dir"/data/{prometheus,alertmanager} ;;
  status)
    ok=0
    for each in "prometheus $port" "alertmanager $alert_port"; do
      read -r name at <<<"$each"
      if alive "$name" && answers "$at"; then say "$name answers on 127.0.0.1:$at"; else say "$name does not run"; ok=1; fi
    done
    exit $ok
    ;;
  *) sed -n '2,12p' "$0" >&2; exit 2 ;;
esac
