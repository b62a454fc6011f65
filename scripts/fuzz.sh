#!/usr/bin/env bash
# Runs every fuzz target of the module for FUZZ_TIME (10s), one after the other. A failing input is kept by Go under the package's testdata/fuzz.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
time=${FUZZ_TIME:-10s}

# Only packages that have one: listing links a test binary for each.
mapfile -t dirs < <(git ls-files -co --exclude-standard '*_test.go' | { xargs -r grep -ls '^func Fuzz' || true; } | xargs -r -n1 dirname | sort -u)
count=0
for dir in "${dirs[@]}"; do
  targets=$(go test -list '^Fuzz' "./$dir")
  while IFS= read -r target; do
    case $target in Fuzz*) ;; *) continue ;; esac
    echo "fuzz $target ($dir) for $time" >&2
    go test -run "^$target\$" -fuzz "^$target\$" -fuzztime "$time" "./$dir"
    count=$((count + 1))
  done <<<"$targets"
done
echo "fuzz: $count targets, $time each, no failure" >&2
