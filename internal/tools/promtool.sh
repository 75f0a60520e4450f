#!/bin/bash
# Puts promtool, which tests the Prometheus rules, into .tools/bin: the one on the PATH, or
# Debian's, unpacked from the package prometheus so that nothing on the system changes.
# Without either it says so and succeeds: `make test` then reports the tests as not run.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p .tools/bin
if program=$(command -v promtool); then
  ln -sf "$program" .tools/bin/promtool
  exit
fi
missing() { echo "make setup: $1: the Prometheus rules will not be tested" >&2; exit 0; }
for needed in apt-get dpkg-deb; do
  command -v "$needed" >/dev/null || missing "no promtool on the PATH and no $needed"
done

apt=$PWD/.tools/apt
trap 'rm -rf "$apt"' EXIT
mkdir -p "$apt/lists/partial" "$apt/archives/partial"
options=(-qq -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt" -o APT::Sandbox::User=root)
echo "unpacking promtool from Debian's package prometheus into .tools"
cd "$apt"
{ apt-get "${options[@]}" update && apt-get "${options[@]}" download prometheus; } || missing "promtool cannot be downloaded"
dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x -C ../bin --strip-components=3 ./usr/bin/promtool
