#!/usr/bin/env bash
# `go test` for CI: prints go test's own closing line of every package, the whole output of those that fail, and how many tests were skipped
# (apart: those that lack the data of VIGIA_SHARED). With VIGIA_TEST_COUNTS=FILE it also appends "skipped lacking" to FILE.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

go test -v "$@" | awk -v counts="${VIGIA_TEST_COUNTS:-}" '
  function show(    i) { for (i = 0; i < n; i++) if (held[i] !~ /^(=== (RUN|PAUSE|CONT|NAME)| *--- PASS: )/) print held[i] }
  function forget() { n = 0; split("", held); split("", lacks); name = "" }
  # Every line is held until its package ends, then shown only when the package failed.
  { held[n++] = $0 }
  /^=== (RUN|CONT|NAME)/ { name = $3 }
  /VIGIA_SHARED/ { lacks[name] = 1 }
  /^ *--- SKIP: / { skipped++; if ($3 in lacks) lacking++ }
  /^(ok  |\?   )\t/ { print; fflush(); forget() }
  /^FAIL\t/ { show(); fflush(); forget() }
  END {
    show()
    printf "skipped tests: %d, of which for want of the data of VIGIA_SHARED: %d\n", skipped, lacking
    if (counts != "") print skipped + 0, lacking + 0 >> counts
  }
'
