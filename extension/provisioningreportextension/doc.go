// Package provisioningreportextension serves the archive's report over HTTP: a zip
// to be downloaded and a form with its filters.
package provisioningreportextension

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
