#!/bin/bash
# Checks and tests the Prometheus rules, where setup found promtool.
set -eu
cd "$(dirname "$0")/../.."
if [ ! -x .tools/bin/promtool ]; then
  echo "== NOT RUN: the tests of the Prometheus rules, for want of promtool" >&2
  exit
fi
.tools/bin/promtool check rules dashboards/prometheus/provtrail.yaml
.tools/bin/promtool test rules dashboards/prometheus/provtrail_test.yaml
