#!/bin/sh
# Runs each fuzz target of the main module for a time, one after the other:
#   internal/tools/fuzz.sh 1m [NAME]
# A finding is kept by Go under the package's testdata/fuzz and fails every later test.
set -eu
time=$1 only=${2:-}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
git grep --untracked -n '^func Fuzz' -- '*_test.go' |
  sed 's/^\(.*\)\/[^/]*:[0-9]*:func \(Fuzz[A-Za-z0-9_]*\).*/\1 \2/' | sort -u > "$log.targets"
failed=0
while read -r package name; do
  if [ -n "$only" ] && [ "$only" != "$name" ]; then continue; fi
  echo "== $package $name, $time"
  if go test "./$package" -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 1s </dev/null >"$log" 2>&1; then
    grep '^fuzz: elapsed' "$log" | tail -n 1
  else
    tail -n 30 "$log"
    failed=1
  fi
done < "$log.targets"
rm -f "$log.targets"
exit $failed
