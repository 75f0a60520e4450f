#!/bin/bash
# Runs a command in every Go module of the repository:
#   modules.sh [-not FOLDER] COMMAND [ARGUMENT...]
# Modules of their own keep the libraries of tests and benchmarks away from users. Not
# among them are this folder (the tools' versions) and Loki's, which is only compiled.
set -eu -o pipefail
cd "$(dirname "$0")/../.."
without=""
if [ "$1" = -not ]; then without=$2 && shift 2; fi
git ls-files -co --exclude-standard 'go.mod' '*/go.mod' | sort | while read -r file; do
  module=$(dirname "$file")
  case $module in "$without" | internal/tools | test/loki/server) continue ;; esac
  echo "== $(basename "$1") ${2:-}: $module"
  (cd "$module" && "$@" </dev/null)
done
