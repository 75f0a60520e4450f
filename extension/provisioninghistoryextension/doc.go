// Package provisioninghistoryextension reads back from ClickHouse what is stored of
// groups, for processors that take groups over from other collectors.
package provisioninghistoryextension

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
