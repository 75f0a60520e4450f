#!/bin/bash
# Writes the path of Chromium, in which a test uses the report's form, to .tools/chromium.
# Debian's package is installed where there is apt-get and we are root. Without Chromium
# the file holds "none", and `make test` reports the test as not run.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p .tools
find_chromium() { command -v "${PROVTRAIL_CHROMIUM:-chromium}" || command -v google-chrome; }
if ! find_chromium >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "installing Debian's package chromium"
  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium; } \
    >.tools/chromium.log 2>&1 || tail -n 3 .tools/chromium.log >&2
fi
if ! find_chromium >.tools/chromium; then
  echo none >.tools/chromium
  echo "make setup: there is no chromium (install it, or set PROVTRAIL_CHROMIUM): the report's form will not be tested" >&2
fi
