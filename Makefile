# `make` lists the targets. Everything that CI runs is a target here.

SHELL := /bin/bash
.DEFAULT_GOAL := help
CARGO := cargo
FUZZ_SECONDS ?= 60

.PHONY: help prerequisites build run test lint unit e2e check-generated docs bench fuzz tools clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

prerequisites:
	@command -v $(CARGO) >/dev/null || { echo "cargo is missing: install Rust 1.95 or later (https://rustup.rs), or put it on PATH" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "a C linker is missing: apt-get install gcc libc6-dev" >&2; exit 1; }
	@command -v git >/dev/null || { echo "git is missing: apt-get install git" >&2; exit 1; }

prerequisites-go: prerequisites
	@command -v go >/dev/null || { echo "go is missing: install Go 1.26 or later (https://go.dev/dl), or put it on PATH; the tests build a real Prometheus with it" >&2; exit 1; }

build: prerequisites ## build the release binary
	READINESS_EXPORTER_REVISION="$$(git rev-parse --short HEAD 2>/dev/null || echo unknown)" \
	READINESS_EXPORTER_RUSTVERSION="$$(rustc --version | cut -d' ' -f2)" \
	$(CARGO) build --release --locked

run: prerequisites ## serve the example on http://localhost:20430
	$(CARGO) run --release --locked -- serve examples/castiel.readiness.yaml

test: lint unit check-generated ## run everything: lints, unit, integration and end-to-end tests with real servers
	@awk '/^test result:/ {passed += $$4; failed += $$6} END {print passed " passed, " failed " failed"; exit failed > 0 || passed == 0}' target/test.log

lint: prerequisites ## check formatting and lints
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings
	@if command -v shellcheck >/dev/null; then shellcheck tests/tools/build .ci/run; else echo "shellcheck isn't installed: scripts are not linted"; fi
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check; else echo "cargo-deny isn't installed: licences are not checked"; fi

unit: prerequisites-go tools
	@mkdir -p target
	set -o pipefail; $(CARGO) test --locked 2>&1 | tee target/test.log

tools: prerequisites-go ## build the real servers that the tests run against
	tests/tools/build prometheus promtool jv

docs: prerequisites ## write the generated files anew
	$(CARGO) run --quiet --locked -- schema > readiness.schema.json.new && mv readiness.schema.json.new readiness.schema.json
	UPDATE=1 $(CARGO) test --quiet --locked --lib metrics::docs >/dev/null

check-generated: docs
	@git diff --exit-code -- readiness.schema.json docs || { echo "generated files are out of date: run make docs and commit" >&2; exit 1; }

bench: prerequisites-go ## measure, beside node_exporter's textfile collector and a static file
	NODE_EXPORTER="$$(tests/tools/build node_exporter | cut -d= -f2)" $(CARGO) bench --locked

fuzz: prerequisites ## fuzz the parser for FUZZ_SECONDS
	$(CARGO) +nightly fuzz run parse -- -max_total_time=$(FUZZ_SECONDS)

clean: ## remove what was built
	$(CARGO) clean
