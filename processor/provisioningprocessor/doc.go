//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package provisioningprocessor correlates provisioning observations into groups and
// activities with six statuses. Its state survives restarts and crashes.
package provisioningprocessor
