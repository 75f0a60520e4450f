//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package provisioningconnector makes a trace of each finished group, from the
// records of the provisioning processor.
package provisioningconnector
