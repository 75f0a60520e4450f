#!/bin/bash
# Runs a Grafana on loopback with the data source, dashboards and alert rules of
# dashboards/ provisioned, on the ClickHouse that `make run` has started. Ctrl-C ends it.
# What it keeps is in ./data/grafana.
#
#   PROVTRAIL_GRAFANA_HOME      an unpacked Grafana; else `grafana` or `grafana-server` on
#                               the PATH; else Docker
#   PROVTRAIL_GRAFANA_PORT      3000
#   PROVTRAIL_GRAFANA_PASSWORD  of the user admin: admin
#   PROVTRAIL_CLICKHOUSE_NATIVE 127.0.0.1:9000
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
data=${PROVTRAIL_DATA:-$root/data}/grafana
port=${PROVTRAIL_GRAFANA_PORT:-3000}
clickhouse=${PROVTRAIL_CLICKHOUSE_NATIVE:-127.0.0.1:9000}
plugin=grafana-clickhouse-datasource
image=grafana/grafana:12.3.0

program=""
home=${PROVTRAIL_GRAFANA_HOME:-}
for candidate in ${home:+"$home/bin/grafana" "$home/bin/grafana-server"} grafana grafana-server; do
  if program=$(command -v "$candidate"); then break; fi
done
if [ -z "$program" ] && ! docker info >/dev/null 2>&1; then
  echo "make grafana: there is no Grafana. Do one of these and try again:" >&2
  echo "  install Grafana 11.5 or newer, so that 'grafana' is on the PATH (https://grafana.com/grafana/download);" >&2
  echo "  unpack it anywhere and set PROVTRAIL_GRAFANA_HOME to its folder; or start Docker." >&2
  echo "The dashboards can also be put into a Grafana of your own: docs/dashboards.md" >&2
  exit 1
fi

# The provisioning files of dashboards/, with this machine's folder and addresses.
mkdir -p "$data/provisioning"
data=$(cd "$data" && pwd)
cp -R dashboards/provisioning/. "$data/provisioning"
mkdir -p "$data/provisioning/alerting"
cp dashboards/alerting/*.yaml "$data/provisioning/alerting"
edit() { sed "$1" "$2" >"$2.new" && mv "$2.new" "$2"; }
edit "s|/var/lib/grafana/dashboards/provtrail|$root/dashboards|" "$data/provisioning/dashboards/provtrail.yaml"
host=${clickhouse%:*}
# A container of Docker Desktop reaches this machine's loopback by this name.
if [ -z "$program" ] && [ "$(uname -s)" != Linux ]; then host=host.docker.internal; fi
edit "s|^\( *host:\).*|\1 $host|; s|^\( *port:\).*|\1 ${clickhouse##*:}|" "$data/provisioning/datasources/provtrail.yaml"

settings=(
  GF_SERVER_HTTP_ADDR=127.0.0.1
  "GF_SERVER_HTTP_PORT=$port"
  "GF_SERVER_DOMAIN=127.0.0.1"
  # A web page that gives this address another name is sent away.
  GF_SERVER_ENFORCE_DOMAIN=true
  "GF_SECURITY_ADMIN_PASSWORD=${PROVTRAIL_GRAFANA_PASSWORD:-admin}"
  "GF_PATHS_DATA=$data"
  "GF_PATHS_LOGS=$data/log"
  "GF_PATHS_PLUGINS=$data/plugins"
  "GF_PATHS_PROVISIONING=$data/provisioning"
  "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH=$root/dashboards/overview.json"
  "GF_PLUGINS_PREINSTALL_SYNC=$plugin@4.20.0"
  GF_ANALYTICS_REPORTING_ENABLED=false
  GF_ANALYTICS_CHECK_FOR_UPDATES=false
)
echo "Grafana: http://127.0.0.1:$port (user admin), until Ctrl-C"

if [ -n "$program" ]; then
  command=("$program")
  if [ "$(basename "$program")" = grafana ]; then command+=(server); fi
  # Where packages put what Grafana reads at the start.
  bin=$(dirname "$(readlink -f "$program")")
  for candidate in "$home" "$bin/.." "$bin/../share/grafana" /usr/share/grafana; do
    if [ -n "$candidate" ] && [ -f "$candidate/conf/defaults.ini" ]; then command+=(--homepath "$candidate") && break; fi
  done
  exec env "${settings[@]}" "${command[@]}"
fi

run=(docker run --rm --init --name "provtrail-grafana-$port" --user "$(id -u):$(id -g)" --volume "$root/dashboards:$root/dashboards:ro" --volume "$data:$data")
for setting in "${settings[@]}"; do run+=(--env "$setting"); done
if [ "$(uname -s)" = Linux ]; then
  run+=(--network host) # as the program would be: on this machine's loopback
else
  # Inside the container Grafana listens for Docker, which publishes it on loopback only.
  run+=(--env GF_SERVER_HTTP_ADDR=0.0.0.0 --publish "127.0.0.1:$port:$port")
fi
exec "${run[@]}" "$image"
