//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package clickhouseembeddedextension runs a real ClickHouse server beside the collector,
// as a child process that it starts, watches, restarts and stops.
package clickhouseembeddedextension
