# `make` lists the targets. CI runs `make test`.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DEFAULT_GOAL := help
# Two cargo processes would wait for each other, and the last line of `make test` must be its total.
.NOTPARALLEL:

CARGO := cargo
FUZZ_SECONDS ?= 60
# What to do about a check whose tool is missing: fail, or skip it with a line.
MISSING ?= fail
SERVERS := prometheus promtool promtool-2.42 replay alertmanager amtool jv helm helm-3 helm-unittest helm-docs kubectl-validate
CONTROL_PLANE := etcd kube-apiserver kubectl helm helm-3 promtool prometheus-operator admission-webhook
NODE := $(CONTROL_PLANE) kube-controller-manager kube-scheduler kube-proxy kubelet containerd containerd-shim-runc-v2 ctr \
	bridge loopback host-local coredns git-sync k8s-sidecar prometheus-kubernetes prometheus-config-reloader
# Each file uses the series of the one before it.
RULES := $(addprefix rules/,thresholds.rules.yaml recording.rules.yaml alerts.rules.yaml)
GENERATED := readiness.schema.json docs/format.md docs/check.md docs/metrics.md docs/alerts.md $(wildcard docs/runbooks/*.md) helm/readiness-exporter/README.md $(wildcard dashboards/*.json)
SCRIPTS := .ci/run demo/run packaging/binary packaging/dist packaging/image tests/cluster/isolated tests/dist/run tests/image/run tests/mutants/run tests/prose/run tests/tools/build tests/tools/prerequisites

# Builds missing servers, and sets an environment variable for each: PROMTOOL is the path of promtool.
with_servers = servers=$$(tests/tools/build $(1)) || exit; \
	while IFS='=' read -r name path; do name=$${name//[-.]/_}; export "$${name^^}=$$path"; done <<<"$$servers"

.PHONY: help prerequisites test-prerequisites build run test quick lint prose deny unit tools docs dashboards check-generated check-dashboards check-editor demo bench mutants mutants-src replay fuzz image test-image dist test-dist test-apiserver test-cluster clean

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

prerequisites: ## list the missing tools that a build needs
	@tests/tools/prerequisites cargo cc git

test-prerequisites:
	@tests/tools/prerequisites cargo rustfmt clippy cc git go flock curl tj3 npm shellcheck cargo-deny

# The build information that --version prints. All release builds share it, so that one compiles for all.
release_info = READINESS_EXPORTER_REVISION="$$(git rev-parse --short HEAD 2>/dev/null || echo unknown)" \
	READINESS_EXPORTER_RUSTVERSION="$$(rustc --version | cut -d' ' -f2)"

build: prerequisites ## build the release binary, target/release/readiness-exporter
	$(release_info) $(CARGO) build --release --locked --target-dir target

run: prerequisites ## serve a first plan, with dates relative to today, on http://localhost:20430
	@mkdir -p target/run && rm -f target/run/webshop.readiness.yaml
	@$(release_info) $(CARGO) run --release --locked --target-dir target -- init target/run/webshop.readiness.yaml
	@$(release_info) $(CARGO) run --release --locked --target-dir target -- serve target/run/webshop.readiness.yaml

test: test-prerequisites lint check-generated check-dashboards check-editor unit ## run all lints, and the unit, integration and end-to-end tests with real servers

lint: prerequisites ## check formatting, lints, scripts, language and licences
	@tests/tools/prerequisites rustfmt clippy
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings
	@$(call checked_with,shellcheck,shellcheck $(SCRIPTS))
	@$(call checked_with,$(if $(filter skip,$(MISSING)),vale,go),$(MAKE) --no-print-directory prose)
	@$(call checked_with,cargo-deny,$(MAKE) --no-print-directory deny)

# Runs the command $(2), which needs the tool $(1); without the tool, does what MISSING says.
checked_with = if tests/tools/prerequisites $(1) >/dev/null 2>&1; then $(2); \
	elif [ "$(MISSING)" = skip ]; then echo "skipped: $(1) is missing, so this does not run: $(2)"; \
	else tests/tools/prerequisites $(1); fi

prose: ## check the language of documents, comments and messages
	@tests/tools/prerequisites go flock
	@$(call with_servers,vale); tests/prose/run

# Advisories need a database from the network; without it, everything else is checked.
deny: ## check licences, sources and advisories of the dependencies
	@tests/tools/prerequisites cargo-deny
	@mkdir -p target
	@if $(CARGO) deny --locked fetch db >target/deny-fetch.log 2>&1; then checks=all; \
	else echo "cargo-deny: the advisory database cannot be fetched; advisories are not checked"; checks="bans licenses sources"; fi; \
	echo "$(CARGO) deny --locked check $$checks"; $(CARGO) deny --locked check $$checks

quick: prerequisites ## lint, and run the unit and integration tests; checks without their tool are skipped
	@$(MAKE) --no-print-directory lint MISSING=skip
	MISSING=skip $(CARGO) test --locked --lib --test it

unit: test-prerequisites ## run all tests without the lints; the last line is the total
	@mkdir -p target
	@$(call with_servers,$(SERVERS)); \
	$(CARGO) test --locked --no-fail-fast 2>&1 | tee target/test.log; status=$$?; \
	awk '/^test result:/ {passed += $$4; failed += $$6} END {printf "%d passed, %d failed\n", passed, failed; exit passed == 0}' target/test.log && \
	exit $$status

tools: ## build the servers that the tests run against
	@tests/tools/prerequisites go flock
	tests/tools/build $(SERVERS)

docs: prerequisites ## regenerate the generated documents
	@mkdir -p target
	$(CARGO) run --quiet --locked -- schema > target/readiness.schema.json
	@cmp -s target/readiness.schema.json readiness.schema.json || cp target/readiness.schema.json readiness.schema.json
	UPDATE=1 $(CARGO) test --quiet --locked --lib docs:: >/dev/null
	UPDATE=1 $(CARGO) test --quiet --locked --test it docs:: >/dev/null
	@tests/tools/prerequisites go flock
	@$(call with_servers,helm-docs); \
	"$$HELM_DOCS" --log-level=warning --chart-search-root=helm --sort-values-order=file

dashboards: tools/dashboards/node_modules ## regenerate the dashboards from tools/dashboards
	cd tools/dashboards && npm run --silent build

check-editor: tests/editor/node_modules ## check the JSON Schema with the language server that editors use
	cd tests/editor && npm run --silent check

check-dashboards: dashboards ## check the dashboards against Grafana's own types
	cd tools/dashboards && npm run --silent check

%/node_modules: %/package-lock.json
	@tests/tools/prerequisites npm
	cd $* && npm ci --no-audit --no-fund
	@touch $@

check-generated: docs dashboards ## fail if a committed file differs from its generated form
	@git diff --exit-code -- $(GENERATED) || \
	{ echo "generated files are not the committed ones: run make docs dashboards, and commit $(GENERATED)" >&2; exit 1; }

demo: prerequisites ## serve two projects with weeks of history in the exporter, Prometheus, Alertmanager and, if installed, Grafana
	$(release_info) $(CARGO) build --release --locked --target-dir target --bins --example history
	@$(call with_servers,prometheus promtool replay alertmanager); \
	EXPORTER=$(CURDIR)/target/release/readiness-exporter HISTORY=$(CURDIR)/target/release/examples/history demo/run target/demo

bench: test-prerequisites target/peers ## benchmark next to node_exporter's textfile collector, a static file and two simulators
	@$(call with_servers,node_exporter); \
	$(CARGO) bench --locked

mutants: test-prerequisites ## mutate the rules one by one, and check that a test fails for each
	@$(call with_servers,promtool); \
	$(CARGO) test --locked --test e2e -- --ignored --nocapture every_mutant_is_killed

mutants-src: prerequisites ## mutate SAMPLE=200 places of the sources, and check that a test fails for each
	@tests/tools/prerequisites cargo-mutants
	tests/mutants/run

replay: target/history ## evaluate the rules over ninety days of the example, and compare the alerts
	@$(call with_servers,replay); \
	"$$REPLAY" $< 2026-01-27T00:00:00Z 2026-04-27T00:00:00Z 10m $(RULES) | tee target/replay.txt
	diff -u tests/history/alerts.txt target/replay.txt

target/history: tests/history/main.rs tests/history/story.rs examples/castiel.readiness.yaml
	@tests/tools/prerequisites cargo cc go flock
	$(CARGO) build --release --locked --target-dir target --example history
	target/release/examples/history > target/history.om
	rm -rf $@
	@$(call with_servers,promtool); \
	"$$PROMTOOL" tsdb create-blocks-from openmetrics --quiet --max-block-duration=2160h target/history.om $@
	rm target/history.om

target/peers: benches/peers/requirements.txt
	@tests/tools/prerequisites python3
	rm -rf $@
	python3 -m venv $@
	$@/bin/pip install --quiet --disable-pip-version-check -r $<

fuzz: prerequisites ## fuzz the parser for FUZZ_SECONDS
	@tests/tools/prerequisites c++ cargo-fuzz
	@mkdir -p fuzz/corpus/parse
	@# Sanitizers need nightly flags; RUSTC_BOOTSTRAP makes the stable compiler accept them.
	@if rustup toolchain list 2>/dev/null | grep -q ^nightly; then nightly=+nightly; else export RUSTC_BOOTSTRAP=1; fi; \
	$(CARGO) $$nightly fuzz run parse fuzz/corpus/parse tests/corpus/good tests/corpus/bad tests/corpus/contradictions tests/samples examples -- -max_total_time=$(FUZZ_SECONDS)

image: prerequisites ## build the container image, target/image/readiness-exporter.tar
	@tests/tools/prerequisites musl-target musl-gcc buildah
	packaging/image

test-image: image ## run the image with runc as Kubernetes would (needs root)
	@tests/tools/prerequisites runc curl
	tests/image/run

# Both print the time that the servers took to build, and that of the tests.
test-apiserver: prerequisites ## install the chart in a real API server with Helm 3 and 4, and load it into the real prometheus-operator
	@tests/tools/prerequisites go flock openssl
	@$(call with_servers,$(CONTROL_PLANE)); built=$$SECONDS; \
	$(CARGO) test --locked --test cluster -- --ignored --nocapture releases:: operator:: && \
	echo "test-apiserver: servers built in $$built s, tests run in $$((SECONDS - built)) s"

test-cluster: prerequisites image ## run the chart's pods on a real node, scraped by a real Prometheus (needs root)
	@tests/tools/prerequisites go flock openssl curl runc iptables conntrack unshare
	@$(call with_servers,$(NODE)); built=$$SECONDS; \
	$(CARGO) test --locked --test cluster --no-run && \
	tests/cluster/isolated $(CARGO) test --locked --offline --test cluster -- --ignored --nocapture pods:: && \
	echo "test-cluster: servers built in $$built s, tests run in $$((SECONDS - built)) s"

dist: prerequisites ## pack binary, unit, rules and dashboards, target/dist/*.tar.gz
	@tests/tools/prerequisites musl-target musl-gcc
	packaging/dist

test-dist: dist ## unpack the tarball, and serve from it
	tests/dist/run

clean: ## remove build output; servers stay in the cache
	$(CARGO) clean
