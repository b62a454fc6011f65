#!/usr/bin/env bash
# `go test` over the module; the packages of RACE (folders, with what is below them) run under the race detector when a C compiler is there.
# GO_TEST is the command that runs tests (go test), TEST_TIMEOUT the limit of one package (20m).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
read -ra run <<<"${GO_TEST:-go test}"

module=$(go list -m)
packages=$(go list ./...)
race=()
plain=()
for package in $packages; do
  into=plain
  for folder in ${RACE:-}; do
    case $package in "$module/$folder" | "$module/$folder"/*) into=race ;; esac
  done
  if [ $into = race ]; then race+=("$package"); else plain+=("$package"); fi
done
if [ ${#race[@]} -gt 0 ] && ! { [ "$(go env CGO_ENABLED)" = 1 ] && command -v "$(go env CC)" >/dev/null; }; then
  echo "make test: no C compiler here, so the race detector stays off" >&2
  plain+=("${race[@]}")
  race=()
fi

rc=0 # the second part runs even when the first failed: one run tells all
[ ${#plain[@]} -eq 0 ] || "${run[@]}" -timeout "${TEST_TIMEOUT:-20m}" "${plain[@]}" || rc=$?
[ ${#race[@]} -eq 0 ] || "${run[@]}" -race -timeout "${TEST_TIMEOUT:-20m}" "${race[@]}" || rc=$?
# The simulation of the protocol must find what is planted: which bug, and the first seed that finds it.
go test -v -run '^TestProtocolFindsPlantedBugs$' ./internal/fold | cut -c 1-160 | sed -n '/planted bug/,/^ *$/p' || rc=$?
exit $rc
