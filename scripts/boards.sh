#!/usr/bin/env bash
# Checks the Grafana boards and the Prometheus rules.
#
#   scripts/boards.sh            are the boards what their code makes, do their queries and the rules name metrics that exist, do the rules do what their tests say?
#   scripts/boards.sh generate   write the boards anew
#   scripts/boards.sh query URL  run every query of every board against a Prometheus that scrapes a running `vigia demo`; each must return data
#
# Exit status: 0 well, 1 failed, 2 wrong use.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-check} in
  check)
    (cd deploy/grafana/gen && go vet ./... && go test ./...)
    if command -v promtool >/dev/null; then
      (cd deploy/prometheus && promtool check rules vigia.rules.yml && promtool test rules vigia_test.yml)
    else
      echo "boards: promtool is not installed (apt-get install prometheus); the tests of the rules were not run" >&2
    fi
    ;;
  generate) cd deploy/grafana/gen && go run . ;;
  query)
    [ $# -eq 2 ] || { sed -n '2,8p' "$0" >&2; exit 2; }
    VIGIA_TEST_PROMETHEUS=$2 go test -count=1 -run '^TestBoardsReturnData$' -v ./internal/e2e
    ;;
  *) sed -n '2,8p' "$0" >&2; exit 2 ;;
esac
