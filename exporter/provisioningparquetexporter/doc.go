// Package provisioningparquetexporter writes provisioning records into the Parquet
// archive: durable before they are acknowledged, in the layout of package archive.
package provisioningparquetexporter

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
