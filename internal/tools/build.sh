#!/bin/bash
# Compiles provtrail: build.sh OUTPUT [FLAG...]. A first build compiles some 1,500 packages;
# until it ends, a line says how many are done.
set -euo pipefail
cd "$(dirname "$0")/../.."
output=$1
shift
# Symbols and debug information are half of the program's size.
build() { go build -ldflags='-s -w' -o "$output" "$@" ./cmd/provtrail; }
total=$(go list -deps "$@" ./cmd/provtrail | wc -l)
stale=$(go list -deps -f '{{if .Stale}}x{{end}}' "$@" ./cmd/provtrail | grep -c x || true)
if [ "$stale" -lt 50 ]; then
  build "$@"
  exit
fi
echo "Compiling provtrail: $stale of $total packages, a few minutes on the first build."
build -v "$@" 2>&1 | awk -v stale="$stale" '
  /^[a-z0-9.\/_-]+(\.go)?$/ || /^[a-zA-Z0-9.\/_-]+$/ { n++; if (n % 25 == 0) { printf "\r%d of %d packages ", n, stale; fflush() } next }
  { print }
  END { printf "\r" }'
