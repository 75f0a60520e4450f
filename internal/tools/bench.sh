#!/bin/bash
# Runs one benchmark: bench.sh NAME [FLAG...]. The flags go to its program, or to go test; -help lists them.
set -eu
cd "$(dirname "$0")/../.."
name=$1
shift
case $name in
  processor) exec go test ./processor/provisioningprocessor -run '^$' -bench Processor -benchtime 10x -timeout 0 "$@" ;;
  backfill) exec go run ./bench/backfill "$@" ;;
  pipeline | rest) exec go run "./bench/$name" "$@" ;;
  soak) exec go run ./bench/pipeline -soak 1h "$@" ;;
  queries) cd bench/clickhouse && exec go run . -queries "$@" ;;
  clickhouse | archive) cd "bench/$name" && exec go run . "$@" ;;
  *) echo "make bench-$name: there is no such benchmark" >&2 && exit 2 ;;
esac
