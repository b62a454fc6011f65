#!/usr/bin/env bash
# Are the generated files what `make generate` writes? Generates in a copy, so that the working tree stays as it is, and shows the difference.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/a"
# Files that git knows or would take, as they are in the working tree (a deleted one is listed but not there).
git ls-files -z -co --exclude-standard | while IFS= read -r -d '' file; do
  if [ -e "$file" ]; then printf '%s\0' "$file"; fi
done | tar -c --null -T - | tar -x -C "$copy/a"
cp -R "$copy/a" "$copy/b"
make --no-print-directory -C "$copy/b" generate >/dev/null
if ! (cd "$copy" && diff -ru a b); then
  echo "generated files are not up to date: run 'make generate' and commit what it changes" >&2
  exit 1
fi
