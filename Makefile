# provtrail. `make help` lists what can be done here.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Folders that hold a Go module of their own: tests and benchmarks whose libraries
# users of the collector must not carry. Each is tested and vetted like the rest.
MODULES := $(patsubst %/go.mod,%,$(shell find . -name node_modules -prune -o -path ./internal/tools -prune -o -name go.mod -print | sort))

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

# Debian packages that a test needs go here: a rule with a stamp file of its own under
# .tools/, added to setup's list, that runs apt-get where it exists and we are root.

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
	@for module in $(MODULES); do \
	  echo "== test $$module"; \
	  (cd $$module && go test -race -p 2 -timeout 15m ./...); \
	done

.PHONY: bench-processor
bench-processor: ## measure the processor (GROUPS=10000,... STORE=state|file_storage|memory)
	go run ./processor/provisioningprocessor/bench -groups $(if $(GROUPS),$(GROUPS),10000,100000,1000000) -store $(or $(STORE),state)

# --- lint --------------------------------------------------------------------

# mdatagen's output keeps mdatagen's format.
GOFUMPT_FILES = $$(git ls-files -co --exclude-standard '*.go' ':!*generated_*.go')

.PHONY: fmt
fmt: $(TOOLS)/gofumpt ## format all Go code
	$(TOOLS)/gofumpt -w $(GOFUMPT_FILES)

.PHONY: lint
lint: lint-format lint-code lint-generated lint-vulnerabilities ## check format, code, generated files and known vulnerabilities

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

$(TOOLS)/gofumpt: PACKAGE := mvdan.cc/gofumpt
$(TOOLS)/golangci-lint: PACKAGE := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(TOOLS)/govulncheck: PACKAGE := golang.org/x/vuln/cmd/govulncheck
$(TOOLS)/%: internal/tools/go.mod internal/tools/go.sum
	go build $(GOFLAGS_TOOLS) -o $@ $(PACKAGE)

# --- benchmarks ---

.PHONY: bench
bench: bench-processor bench-clickhouse bench-archive ## run all benchmarks

.PHONY: bench-clickhouse
bench-clickhouse: setup ## measure the ClickHouse exporter against contrib's and against the driver
	cd bench/clickhouse && go run . $(BENCH_CLICKHOUSE_FLAGS)

# --- clean -------------------------------------------------------------------

.PHONY: clean
clean: ## remove what was built and installed; ./data stays
	rm -rf bin .tools node_modules

.PHONY: bench-archive
bench-archive: ## measure writing, sealing, verifying and reporting of the archive against DuckDB
	cd bench/archive && go run . $(BENCH_ARCHIVE_FLAGS)
