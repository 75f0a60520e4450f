# provtrail. `make help` lists the targets; what takes more than a line is in internal/tools.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

TOOLS := bin/tools
GO_FILES = $$(git ls-files -co --exclude-standard '*.go' ':!*generated_*.go')# mdatagen's output keeps its format
BENCHES := pipeline processor clickhouse queries archive rest backfill

.PHONY: help
help: ## list all targets
	@awk -F ':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z][a-z-]*:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Run
.PHONY: setup build build-full run grafana distribution
setup: node_modules/.provtrail-setup .tools/bin/promtool .tools/chromium ## install what run and test need (quick when it is there)

build: ## compile the collector to bin/provtrail
	@internal/tools/build.sh bin/provtrail
build-full: ## the same with Kafka and the storage of Google and Azure, to bin/provtrail-full
	@internal/tools/build.sh bin/provtrail-full -tags full
run: setup build ## run ClickHouse, the pipeline and a simulated tenant until Ctrl-C
	./bin/provtrail demo
grafana: ## run a Grafana with the dashboards and alerts on what `make run` has
	internal/tools/grafana.sh
distribution: bin/my-collector ## build a collector from builder-config.yaml and check a configuration with it
	bin/my-collector validate --feature-gates=extension.healthcheck.useComponentStatus --config deploy/compose/collector.yaml

##@ Test
.PHONY: test test-properties test-kills test-prometheus test-cluster test-loki chaos fuzz check-vendor-api
# Two packages at a time: each that needs ClickHouse runs one of its own.
test: setup ## run all tests with the race detector, against a real ClickHouse
	internal/tools/modules.sh -not test/loki go test -race -p 2 -timeout 15m ./...
	internal/tools/test-prometheus.sh
	@if [ "$$(cat .tools/chromium)" = none ]; then echo "== NOT RUN: the tests of the report's form, for want of chromium" >&2; fi
test-properties: setup ## draw many more cases in the property tests (CHECKS=10000)
	go test -timeout 2h $$(git grep -l pgregory.net/rapid -- '*_test.go' | xargs -n 1 dirname | sort -u | sed 's|^|./|') -rapid.checks $(or $(CHECKS),10000)
test-kills: ## end the archive's writer with SIGKILL 100 times (KILLS=100)
	PROVTRAIL_KILLS=$(or $(KILLS),100) go test -count 1 -run TestKilledWriter -v ./archive/...
test-prometheus: setup ## check and test the Prometheus rules with promtool
	internal/tools/test-prometheus.sh

test-cluster: setup ## test ClickHouse clusters against a real ZooKeeper (needs Java and Debian's package zookeeper)
	@test -f /usr/share/java/zookeeper.jar || { echo "make test-cluster: install ZooKeeper first: apt-get install --no-install-recommends zookeeper" >&2; exit 1; }
	go test -race -tags zookeeper -run 'Shards|Cluster|Nodes|Replicated' ./exporter/provisioningclickhouseexporter/...

test-loki: .tools/bin/loki ## test the Loki exporter and rules against a real Loki (builds one first, for minutes)
	cd test/loki && go test -race -count=1 -timeout 15m ./...

chaos: setup ## break the whole pipeline and compare the stores with the truth (SEED=… DURATION=… CHAOS_FLAGS=…)
	go run ./test/chaos $(if $(SEED),-seed $(SEED)) $(if $(DURATION),-duration $(DURATION)) $(CHAOS_FLAGS)

fuzz: setup ## run each fuzz target for FUZZTIME=1m (one target: NAME=FuzzParse)
	internal/tools/fuzz.sh $(or $(FUZZTIME),1m) $(NAME)
check-vendor-api: ## compare testdata/openapi with a copy of the vendor's descriptions (DIR=…)
	go run ./test/vendorapi -published "$(DIR)"

##@ Lint
.PHONY: lint lint-format lint-code lint-generated lint-vulnerabilities lint-licences fmt
lint: lint-format lint-code lint-generated lint-vulnerabilities lint-licences ## check format, code, generated files, known vulnerabilities and licences

lint-format: $(TOOLS)/gofumpt
	@wrong=$$($(TOOLS)/gofumpt -l $(GO_FILES)); if [ -n "$$wrong" ]; then echo "not formatted, run make fmt:" $$wrong >&2; exit 1; fi
lint-code: $(TOOLS)/golangci-lint
	internal/tools/modules.sh go vet ./...
	internal/tools/modules.sh $(CURDIR)/$(TOOLS)/golangci-lint run --config $(CURDIR)/.golangci.yml ./...
lint-generated:
	internal/tools/lint-generated.sh
lint-vulnerabilities: $(TOOLS)/govulncheck
	internal/tools/modules.sh $(CURDIR)/internal/tools/vulncheck.sh $(CURDIR)/$(TOOLS)/govulncheck
lint-licences:
	go run ./internal/licences -check
fmt: $(TOOLS)/gofumpt ## format all Go code
	$(TOOLS)/gofumpt -w $(GO_FILES)

##@ Benchmarks (FLAGS=-help lists the flags of each)
.PHONY: bench soak $(BENCHES:%=bench-%)
bench: ## run all benchmarks and write bench/RESULTS.md
	bench/results.sh $(BENCHMARKS) > bench/RESULTS.md.new && mv bench/RESULTS.md.new bench/RESULTS.md
bench-pipeline: bin/contrib ## whole collectors, provtrail's and contrib's, on the same file
bench-processor: ## the processor at 10,000 to 1,000,000 open groups
bench-clickhouse: ## the ClickHouse exporter against contrib's and against the driver
bench-queries: ## every dashboard panel's query over 10 million observations
bench-archive: ## writing, sealing, verifying and reporting of the archive against DuckDB
bench-rest: ## CPU, bytes, syncs and merges of the default pipeline while little happens
bench-backfill: ## a backfill from the vendor's API against its limit
soak: ## an hour of live traffic, and how the pipeline grows
soak $(BENCHES:%=bench-%): setup build
	@internal/tools/bench.sh $(@:bench-%=%) $(FLAGS)

##@ Maintenance
.PHONY: generate licences clean
generate: ## write the generated files again (metadata, documentation)
	go generate ./...
licences: ## write docs/licences.md: the licence of every module that is linked
	go run ./internal/licences
clean: ## remove what was built and installed; ./data stays
	rm -rf bin .tools node_modules

node_modules/.provtrail-setup: package.json package-lock.json
	internal/tools/setup.sh
.tools/bin/promtool .tools/chromium:
	internal/tools/$(@F).sh
.tools/bin/loki: test/loki/server/go.mod test/loki/server/go.sum
	cd test/loki/server && nice go build -p 1 -o $(CURDIR)/$@ github.com/grafana/loki/v3/cmd/loki
bin/contrib: bench/pipeline/contrib-builder.yaml $(TOOLS)/builder
	internal/tools/builder.sh $< bin/contrib-collector $@
.PHONY: bin/my-collector
bin/my-collector: $(TOOLS)/builder
	internal/tools/builder.sh builder-config.yaml bin/distribution $@

# The tools at the versions of internal/tools/go.mod.
$(TOOLS)/%: internal/tools/go.mod internal/tools/go.sum
	go build -modfile=internal/tools/go.mod -o $@ $$(go list -modfile=internal/tools/go.mod tool | grep -E '(^|/)$*$$')
