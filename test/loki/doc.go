// Package loki tries the exporter provisioning_loki and the rules of dashboards/loki
// against a real Loki, which runs as a process of its own: `make test-loki`.
package loki
