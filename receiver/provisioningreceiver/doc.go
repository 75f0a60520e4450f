// Package provisioningreceiver reads what an identity system reports about
// provisioning and emits each observation as a LogRecord of package provisioning.
//
//	feed ──documents──> dialect ──observations──> next consumer
//	  │                    └──> quarantine records ──> next consumer
//	  └── its position moves only after the next consumer has accepted
package provisioningreceiver

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
