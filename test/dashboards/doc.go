// Package dashboards tests the Grafana dashboards and alert rules: that their JSON
// keeps the rules of docs/dashboards.md, and that every query in them runs on a real
// ClickHouse, over data the real exporter wrote, and says what is true.
package dashboards
