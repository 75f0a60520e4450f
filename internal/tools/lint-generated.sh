#!/bin/bash
# Fails if generated files differ from what their generators write now.
set -eu
cd "$(dirname "$0")/../.."
sums() { git ls-files -co --exclude-standard | sort | while read -r file; do if [ -f "$file" ]; then sha256sum "$file"; fi; done; }
before=$(mktemp)
trap 'rm -f "$before"' EXIT
sums >"$before"
go generate ./...
sums | diff "$before" - || { echo "generated files are out of date: commit what make generate has just written" >&2; exit 1; }
