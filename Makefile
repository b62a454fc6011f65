# `make help` lists the targets. Go 1.26 and make are enough for demo and test; what else a target needs, it says.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# First of all: an older Go gets one sentence instead of a page of compiler errors. (`go` may itself fetch the version that go.mod asks for.)
go_minor := $(shell go env GOVERSION 2>/dev/null | sed -n 's/.*go1\.\([0-9][0-9]*\).*/\1/p')
ifneq ($(shell [ "$(or $(go_minor),0)" -ge 26 ] && echo ok),ok)
$(error Vigia needs Go 1.26 or newer, and this machine has $(or $(shell cd / && GOTOOLCHAIN=local go env GOVERSION 2>/dev/null),no Go at all); get it from https://go.dev/dl)
endif

# How tests are run; .ci/run puts a wrapper here that counts what was skipped.
GO_TEST ?= go test
TEST_TIMEOUT ?= 20m
# Packages with goroutines and locks, small enough to run under the race detector every time (it needs a C compiler; without one they run plain).
RACE ?= internal/bus internal/store internal/worker internal/connector internal/exporter internal/notify
# Suites that need the real servers of `make stack`.
STACK_SUITES ?= ./internal/bus/... ./internal/store/... ./internal/e2e/... ./cmd/vigia
VIGIA_STACK_KAFKA_PORT ?= 39092
VIGIA_STACK_REDIS_PORT ?= 36379
export VIGIA_STACK_KAFKA_PORT VIGIA_STACK_REDIS_PORT
FUZZ_TIME ?= 10s
# Arguments of `make demo`, for example ARGS='--speed 10'.
ARGS ?=

tool := go tool -modfile=internal/tools/go.mod
tool_in_proto := go tool -modfile=../internal/tools/go.mod

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: build
build: ## build bin/vigia
	go build -o bin/ ./cmd/vigia

.PHONY: demo
demo: build ## build and run the demonstration: everything in one process, traffic included
	@exec bin/vigia demo $(ARGS)

.PHONY: test
test: ## run every test that needs nothing but Go
	@GO_TEST="$(GO_TEST)" RACE="$(RACE)" TEST_TIMEOUT=$(TEST_TIMEOUT) scripts/test.sh

.PHONY: test-stack
test-stack: stack ## run the suites that need real servers (starts them when needed, leaves them up)
	VIGIA_TEST_KAFKA=127.0.0.1:$(VIGIA_STACK_KAFKA_PORT) VIGIA_TEST_REDIS=127.0.0.1:$(VIGIA_STACK_REDIS_PORT) \
		$(GO_TEST) -count=1 -p 1 -timeout $(TEST_TIMEOUT) $(STACK_SUITES)

.PHONY: test-secure
test-secure: stack ## run the suites of TLS, SASL, Sentinel and Cluster (starts servers of their own, stops them)
	@trap 'scripts/secure-stack.sh down' EXIT; eval "$$(scripts/secure-stack.sh up)"; 		$(GO_TEST) -count=1 -p 1 -timeout $(TEST_TIMEOUT) -run 'Secure|TestScripts/secure' ./internal/bus ./internal/store ./cmd/vigia

.PHONY: test-compose
test-compose: ## build the image, bring docker-compose.yml up, send an event, see it in Prometheus and Alertmanager
	@scripts/compose-test.sh

.PHONY: stack
stack: ## start a real Apache Kafka and a real Redis on this machine
	@scripts/stack.sh up

.PHONY: stack-down
stack-down: ## stop them; the data stays in .stack
	@scripts/stack.sh down

.PHONY: fuzz
fuzz: ## run every fuzzer for FUZZ_TIME (10s) each
	@FUZZ_TIME=$(FUZZ_TIME) scripts/fuzz.sh

.PHONY: bench
bench: ## measure on real servers; prints a table, writes bench.jsonl
	@[ -f scripts/bench.sh ] || { echo "make bench: scripts/bench.sh is not part of this tree" >&2; exit 1; }
	bash scripts/bench.sh

.PHONY: generate
generate: ## write the generated files anew (protobuf, and every go:generate line)
	cd proto && $(tool_in_proto) buf generate
	go generate ./...

.PHONY: check
check: check-format check-vet check-fix check-static check-arch check-proto check-breaking check-deploy check-scripts check-generated ## everything that reads the code without running it

.PHONY: check-format
check-format:
	@files=$$(gofmt -l $$(go list -f '{{.Dir}}' ./...) | sort -u); \
	[ -z "$$files" ] || { printf 'not formatted (gofmt -w FILE mends it):\n%s\n' "$$files" >&2; exit 1; }

.PHONY: check-vet
check-vet:
	go vet ./...

.PHONY: check-fix
check-fix:
	go fix -diff ./...

.PHONY: check-static
check-static:
	$(tool) staticcheck ./...

.PHONY: check-arch
check-arch:
	go test ./internal

.PHONY: check-proto
check-proto:
	cd proto && $(tool_in_proto) buf lint

.PHONY: check-breaking
check-breaking:
	@scripts/breaking.sh

.PHONY: check-deploy
check-deploy: build
	@scripts/boards.sh
	bin/vigia rules check deploy/rules
	bin/vigia rules test deploy/rules/*_test.yaml

.PHONY: check-generated
check-generated:
	@scripts/generated.sh

.PHONY: check-scripts
check-scripts:
	@command -v shellcheck >/dev/null || { echo "make check: shellcheck is not installed (apt-get install shellcheck)" >&2; exit 1; }
	shellcheck .ci/run scripts/*.sh
