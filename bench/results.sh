#!/bin/bash
# Writes what the benchmarks print as one document. Names of targets may be given;
# without any, all are run. What they print while they work goes to the terminal too.
set -eu -o pipefail
cd "$(dirname "$0")/.."
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  targets=(bench-pipeline bench-rest bench-processor bench-clickhouse bench-queries bench-archive bench-backfill)
fi
processor=$(awk -F ': ' '/model name/ {print $2; exit}' /proc/cpuinfo 2>/dev/null || uname -m)
all=$(mktemp)
trap 'rm -f "$all"' EXIT
cat <<END
# Results

Written by \`make bench\` on $(date -u +%F). Machine: $(nproc) CPUs ($processor),
$(awk '/MemTotal/ {printf "%d GiB", $2 / 1048576}' /proc/meminfo 2>/dev/null || echo "memory unknown"), $(uname -sr), $(go version | cut -d' ' -f3), commit $(git rev-parse --short HEAD).
Load average when it began: $(cut -d' ' -f1-3 /proc/loadavg 2>/dev/null || echo unknown).

CPU time is that of the measured process, garbage collection included. Compare figures
within one table only: they were taken in one run. The aims beside them, and what holds
them back, are in the documents of the parts: docs/reliability.md, docs/clickhouse.md,
archive/design.md, processor/provisioningprocessor/design.md.
END
for target in "${targets[@]}"; do
  printf '\n## make %s\n\n' "$target" >> "$all"
  echo "== $target" >&2
  printf '```\n' >> "$all"
  make --no-print-directory --silent "$target" 2> >(cat >&2) | grep -v '^make' | tee -a "$all" >&2
  printf '```\n' >> "$all"
done
printf '\n## Ratios\n\n| what | ratio |\n|---|---|\n'
awk '$1 == "BENCH" && $2 ~ /ratio/ {printf "| %s | %s |\n", $2, $3}' "$all"
cat "$all"
