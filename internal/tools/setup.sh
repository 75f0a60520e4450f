#!/bin/bash
# Installs what run and test need. The ClickHouse engine comes from npm, which checks it
# against package-lock.json and caches it for the next clone.
set -eu
cd "$(dirname "$0")/../.."
npm install --no-save --no-audit --no-fund --loglevel=error
if ! ls node_modules/@chdb/lib-*/libchdb.* >/dev/null 2>&1 && ! command -v clickhouse >/dev/null; then
  echo "make setup: npm installed no ClickHouse library for $(uname -sm): there is one for Linux (glibc) and macOS on x86-64 and arm64." >&2
  echo "  Install ClickHouse 26.7 or newer so that 'clickhouse' is on the PATH, or set PROVTRAIL_CLICKHOUSE_LIBRARY to a libchdb." >&2
  exit 1
fi
mkdir -p node_modules
touch node_modules/.provtrail-setup
