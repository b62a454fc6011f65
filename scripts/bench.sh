#!/usr/bin/env bash
# Measures Vigia on the real servers of scripts/stack.sh (started when needed, left running): prints a table, writes bench.jsonl.
# Arguments go to the measuring program; -h lists them. Environment: see scripts/stack.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/stack.sh up
mkdir -p bin
go build -o bin/vigia-bench ./internal/bench
exec bin/vigia-bench -kafka "127.0.0.1:${VIGIA_STACK_KAFKA_PORT:-39092}" -redis "127.0.0.1:${VIGIA_STACK_REDIS_PORT:-36379}" "$@"
