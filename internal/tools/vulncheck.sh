#!/bin/bash
# Checks the module in the current folder for known vulnerabilities: vulncheck.sh GOVULNCHECK.
# The database of vulnerabilities is on the network (or where GOVULNDB says). Only when
# it cannot be fetched does this pass unchecked, and says so; anything else is an error.
set -eu
database=()
if [ -n "${GOVULNDB:-}" ]; then database=(-db "$GOVULNDB"); fi
if out=$("$1" "${database[@]+"${database[@]}"}" ./... 2>&1); then
  echo "$out"
elif grep -q '^govulncheck: fetching vulnerabilities:' <<<"$out"; then
  echo "NOT CHECKED for known vulnerabilities: $PWD: the vulnerability database cannot be reached."
  echo "  Name a reachable copy in GOVULNDB. The reason: $(grep -m1 '^govulncheck: fetching' <<<"$out")"
else
  echo "$out" >&2
  exit 1
fi
