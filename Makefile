# provtrail. `make help` lists what can be done here.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Folders that hold a Go module of their own. Benchmarks and tests that need heavy
# libraries live in such modules so that users of the collector do not carry them.
MODULES := . $(patsubst ./%/go.mod,%,$(shell find . -mindepth 2 -name go.mod -not -path './node_modules/*' -not -path './internal/tools/*' | sort))

TOOL := go tool -modfile=$(CURDIR)/internal/tools/go.mod

.PHONY: help
help: ## list all targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- setup -------------------------------------------------------------------

.PHONY: setup
setup: node_modules/.provtrail-setup ## install what build, run and test need (quick when it is there)

# The ClickHouse engine for this platform. npm checks it against package-lock.json
# and keeps it in its own cache, so a second clone does not download it again.
node_modules/.provtrail-setup: package.json package-lock.json
	npm install --no-save --no-audit --no-fund --loglevel=error
	@ls node_modules/@chdb/lib-*/libchdb.so >/dev/null 2>&1 || { \
	  echo "make setup: npm installed no ClickHouse library for $$(uname -sm): it exists for Linux (glibc) and macOS on x86-64 and arm64." >&2; \
	  echo "  Install ClickHouse 26.7 or newer so that 'clickhouse' is on the PATH, or set PROVTRAIL_CLICKHOUSE_LIBRARY to a libchdb." >&2; exit 1; }
	@touch $@
