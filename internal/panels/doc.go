// Package panels reads the Grafana dashboards and makes of a panel's query what
// Grafana and its ClickHouse plugin send, so that tests and benchmarks ask exactly
// what the panels ask.
package panels
