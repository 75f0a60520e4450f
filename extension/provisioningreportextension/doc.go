// Package provisioningreportextension shows the archive over HTTP: pages for people, and
// reports, evidence and files to download.
package provisioningreportextension

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml
