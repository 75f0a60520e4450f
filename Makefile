# provtrail. `make help` lists what can be done here.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Folders that hold a Go module of their own: tests and benchmarks whose libraries
# users of the collector must not carry. Each is tested and vetted like the rest.
MODULES := $(patsubst %/go.mod,%,$(shell find . -name node_modules -prune -o -path ./internal/tools -prune -o -path ./bin -prune -o -path ./test/loki/server -prune -o -name go.mod -print | sort))

# The tools at the versions of internal/tools/go.mod, compiled once into bin/tools.
TOOLS := bin/tools
GOFLAGS_TOOLS := -modfile=$(CURDIR)/internal/tools/go.mod

.PHONY: help
help: ## list all targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- setup -------------------------------------------------------------------

.PHONY: setup
setup: node_modules/.provtrail-setup ## install what run and test need (quick when it is there)

# The ClickHouse engine for this platform. npm checks it against package-lock.json
# and keeps it in its own cache, so that a second clone does not download it again.
node_modules/.provtrail-setup: package.json package-lock.json
	npm install --no-save --no-audit --no-fund --loglevel=error
	@ls node_modules/@chdb/lib-*/libchdb.* >/dev/null 2>&1 || command -v clickhouse >/dev/null || { \
	  echo "make setup: npm installed no ClickHouse library for $$(uname -sm): there is one for Linux (glibc) and macOS on x86-64 and arm64." >&2; \
	  echo "  Install ClickHouse 26.7 or newer so that 'clickhouse' is on the PATH, or set PROVTRAIL_CLICKHOUSE_LIBRARY to a libchdb." >&2; exit 1; }
	@mkdir -p node_modules && touch $@

# promtool tests the Prometheus rules. It comes from Debian's package prometheus, unpacked
# into .tools: nothing on the system changes, and no root is needed. Where there is no
# apt-get and no promtool on the PATH, `make test` says that these tests were not run.
APT := apt-get -qq -o Dir::State::lists=$(CURDIR)/.tools/apt/lists -o Dir::Cache=$(CURDIR)/.tools/apt -o APT::Sandbox::User=root
setup: .tools/bin/promtool

.tools/bin/promtool:
	@mkdir -p $(@D) .tools/apt/lists/partial .tools/apt/archives/partial; \
	if command -v promtool >/dev/null; then ln -sf "$$(command -v promtool)" $@; \
	elif command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then \
	  echo "unpacking promtool from Debian's package prometheus into .tools"; \
	  { $(APT) update && (cd .tools/apt && $(APT) download prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x -C ../bin --strip-components=3 ./usr/bin/promtool); } \
	    || echo "make setup: promtool could not be had, so the Prometheus rules will not be tested" >&2; \
	  rm -rf .tools/apt; \
	else echo "make setup: no promtool on the PATH and no apt-get: the Prometheus rules will not be tested" >&2; fi

# Chromium uses the report's form in a test. It is a Debian package, installed where there
# is apt-get and we are root. The stamp says where it is, or why there is none.
setup: .tools/chromium

.tools/chromium:
	@mkdir -p $(@D); find_it() { command -v "$${PROVTRAIL_CHROMIUM:-chromium}" || command -v google-chrome; }; \
	if ! find_it >/dev/null && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  echo "installing Debian's package chromium"; \
	  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium; } >.tools/chromium.log 2>&1 \
	    || tail -n 3 .tools/chromium.log >&2; \
	fi; \
	find_it >$@ || { echo "make setup: there is no chromium (set PROVTRAIL_CHROMIUM, or install it): the report's form will not be tested" >&2; echo "none" >$@; }

# --- build and run -----------------------------------------------------------

.PHONY: build
build: ## compile the collector to bin/provtrail
	go build -o bin/provtrail ./cmd/provtrail

.PHONY: run
run: setup build ## run ClickHouse, the pipeline and a simulated tenant until Ctrl-C
	./bin/provtrail demo

.PHONY: generate
generate: ## write the generated files again (metadata, documentation)
	go generate ./...

# --- test --------------------------------------------------------------------

# Two packages at a time: each that needs ClickHouse runs one of its own.
.PHONY: test
test: setup ## run all tests with the race detector, against a real ClickHouse
	@for module in $(filter-out ./test/loki,$(MODULES)); do \
	  echo "== test $$module"; \
	  (cd $$module && go test -race -p 2 -timeout 15m ./...); \
	done
	@if [ -x .tools/bin/promtool ]; then $(MAKE) --no-print-directory test-prometheus; \
	else echo "== NOT RUN: the tests of the Prometheus rules, for want of promtool" >&2; fi
	@if [ "$$(cat .tools/chromium)" = none ]; then echo "== NOT RUN: the tests of the report's form, for want of chromium" >&2; fi

.PHONY: test-properties
test-properties: setup ## draw many more cases in the tests of properties (CHECKS=10000)
	go test -timeout 2h $$(git grep -l pgregory.net/rapid -- '*_test.go' | sed 's|^|./|; s|/[^/]*$$||' | sort -u) -rapid.checks $(or $(CHECKS),10000)

.PHONY: test-kills
test-kills: ## end the archive's writer with SIGKILL 100 times (KILLS=100)
	PROVTRAIL_KILLS=$(or $(KILLS),100) go test -count 1 -run TestKilledWriter -v ./archive

.PHONY: test-prometheus
test-prometheus: setup ## check and test the Prometheus rules with promtool
	.tools/bin/promtool check rules dashboards/prometheus/provtrail.yaml
	.tools/bin/promtool test rules dashboards/prometheus/provtrail_test.yaml

.PHONY: test-cluster
test-cluster: setup ## test ClickHouse clusters against a real ZooKeeper (needs Java and Debian's package zookeeper)
	@test -f /usr/share/java/zookeeper.jar || { echo "make test-cluster: install ZooKeeper first: apt-get install --no-install-recommends zookeeper" >&2; exit 1; }
	go test -race -tags zookeeper -run 'Shards|Cluster|Nodes|Replicated' ./exporter/provisioningclickhouseexporter

# A target of its own: building Loki takes minutes. It is a program here, never linked.
.PHONY: test-loki
test-loki: .tools/bin/loki ## test the Loki exporter and rules against a real Loki (builds one first)
	cd test/loki && go test -race -count=1 -timeout 15m ./...

.tools/bin/loki: test/loki/server/go.mod test/loki/server/go.sum
	cd test/loki/server && nice go build -p 1 -o $(CURDIR)/$@ github.com/grafana/loki/v3/cmd/loki

.PHONY: chaos
chaos: setup ## break the whole pipeline and compare the stores with the truth (SEED=… DURATION=… CHAOS_FLAGS=…)
	go run ./test/chaos $(if $(SEED),-seed $(SEED)) $(if $(DURATION),-duration $(DURATION)) $(CHAOS_FLAGS)

.PHONY: check-vendor-api
check-vendor-api: ## compare testdata/openapi with a copy of the vendor's descriptions (DIR=…)
	go run ./test/vendorapi -published "$(DIR)"

.PHONY: bench-backfill
bench-backfill: ## measure a backfill from the vendor's API against its limit (ACTIVITIES=…)
	go run ./receiver/provisioningreceiver/bench $(if $(ACTIVITIES),-activities $(ACTIVITIES)) $(BENCH_BACKFILL_FLAGS)

.PHONY: bench-processor
bench-processor: ## measure the processor (GROUPS=10000,... STORE=state|file_storage|memory)
	go run ./processor/provisioningprocessor/bench -groups $(if $(GROUPS),$(GROUPS),10000,100000,1000000) -store $(or $(STORE),state)

.PHONY: fuzz
fuzz: setup ## run each fuzz target for FUZZTIME=1m (one target: NAME=FuzzParse)
	internal/tools/fuzz.sh $(or $(FUZZTIME),1m) $(NAME)

# --- lint --------------------------------------------------------------------

# mdatagen's output keeps mdatagen's format.
GOFUMPT_FILES = $$(git ls-files -co --exclude-standard '*.go' ':!*generated_*.go')

.PHONY: fmt
fmt: $(TOOLS)/gofumpt ## format all Go code
	$(TOOLS)/gofumpt -w $(GOFUMPT_FILES)

.PHONY: lint
lint: lint-format lint-code lint-generated lint-vulnerabilities lint-licences ## check format, code, generated files, known vulnerabilities and licences

.PHONY: lint-format
lint-format: $(TOOLS)/gofumpt
	@wrong=$$($(TOOLS)/gofumpt -l $(GOFUMPT_FILES)); \
	if [ -n "$$wrong" ]; then echo "not formatted, run make fmt:" >&2; echo "$$wrong" >&2; exit 1; fi

.PHONY: lint-code
lint-code: $(TOOLS)/golangci-lint
	@for module in $(MODULES); do \
	  echo "== lint $$module"; \
	  (cd $$module && go vet ./... && $(CURDIR)/$(TOOLS)/golangci-lint run --config $(CURDIR)/.golangci.yml ./...); \
	done

# What mdatagen would write must be what is there.
.PHONY: lint-generated
lint-generated:
	@before=$$(mktemp); trap 'rm -f "$$before"' EXIT; \
	sums() { git ls-files -co --exclude-standard | sort | while read -r f; do if [ -f "$$f" ]; then sha256sum "$$f"; fi; done; }; \
	sums > "$$before"; go generate ./...; \
	sums | diff "$$before" - || { echo "generated files are out of date: commit what make generate has just written" >&2; exit 1; }

.PHONY: lint-vulnerabilities
lint-vulnerabilities: $(TOOLS)/govulncheck
	@for module in $(MODULES); do internal/tools/vulncheck.sh $(CURDIR)/$(TOOLS)/govulncheck $$module; done

.PHONY: lint-licences
lint-licences:
	go run ./internal/licences -check

.PHONY: licences
licences: ## write docs/licences.md: the licence of every module that is linked
	go run ./internal/licences

$(TOOLS)/gofumpt: PACKAGE := mvdan.cc/gofumpt
$(TOOLS)/golangci-lint: PACKAGE := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(TOOLS)/govulncheck: PACKAGE := golang.org/x/vuln/cmd/govulncheck
$(TOOLS)/%: internal/tools/go.mod internal/tools/go.sum
	go build $(GOFLAGS_TOOLS) -o $@ $(PACKAGE)

# --- benchmarks ---

.PHONY: bench
bench: ## run all benchmarks and write bench/RESULTS.md
	bench/results.sh $(BENCHMARKS) > bench/RESULTS.md.new && mv bench/RESULTS.md.new bench/RESULTS.md

.PHONY: bench-pipeline
bench-pipeline: setup build bin/contrib ## measure whole collectors, provtrail's and contrib's, on the same file
	go run ./bench/pipeline $(BENCH_PIPELINE_FLAGS)

.PHONY: soak
soak: setup build ## run the pipeline on live traffic for an hour and tell how it grows (SOAK=1h RATE=340 groups a second: 5,000 observations at night, 2,700 by day)
	go run ./bench/pipeline -soak $(or $(SOAK),1h) -rate $(or $(RATE),340)

# The builder writes the program; compiling it here shares Go's build cache with all else.
bin/contrib: bench/pipeline/contrib-builder.yaml
	cd bench/pipeline && go run go.opentelemetry.io/collector/cmd/builder@v0.164.0 --config contrib-builder.yaml --skip-strict-versioning --skip-compilation
	cd bin/contrib-collector && go build -o ../contrib .

.PHONY: bench-clickhouse
bench-clickhouse: setup ## measure the ClickHouse exporter against contrib's and against the driver
	cd bench/clickhouse && go run . $(BENCH_CLICKHOUSE_FLAGS)

.PHONY: bench-queries
bench-queries: setup ## time every dashboard panel's query over 10 million observations, and the same questions over contrib's table
	cd bench/clickhouse && go run . -queries $(BENCH_QUERIES_FLAGS)

# --- clean -------------------------------------------------------------------

.PHONY: clean
clean: ## remove what was built and installed; ./data stays
	rm -rf bin .tools node_modules

.PHONY: bench-archive
bench-archive: ## measure writing, sealing, verifying and reporting of the archive against DuckDB
	cd bench/archive && go run . $(BENCH_ARCHIVE_FLAGS)
