#!/usr/bin/env bash
# Is the event schema still compatible with what was committed before? Changed files are compared with the last commit; a clean tree with the
# version before the schema's last change. VIGIA_BREAKING_REF names another commit to compare with (a release tag, say).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

skip() { echo "buf breaking: skipped, $*" >&2; exit 0; }

has_schema() { git ls-tree -r --name-only "$1" -- proto 2>/dev/null | grep '\.proto$' >/dev/null; }

ref=${VIGIA_BREAKING_REF:-}
if [ -z "$ref" ]; then
  git rev-parse -q --verify 'HEAD^{commit}' >/dev/null || skip "nothing is committed yet"
  has_schema HEAD || skip "no commit has the schema yet"
  ref=HEAD
  if git diff --quiet HEAD -- 'proto/*.proto' && [ -z "$(git ls-files -o --exclude-standard -- 'proto/*.proto')" ]; then
    ref=$(git log -1 --format=%H -- 'proto/*.proto')^
    git rev-parse -q --verify "$ref^{commit}" >/dev/null || skip "the schema has one version only (or this clone is too shallow to see more)"
    has_schema "$ref" || skip "the schema has one version only"
  fi
fi

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
git archive "$ref" proto | tar -x -C "$before"
cd proto
go tool -modfile=../internal/tools/go.mod buf breaking --against "$before/proto"
echo "buf breaking: compatible with $(git rev-parse --short "$ref")" >&2
