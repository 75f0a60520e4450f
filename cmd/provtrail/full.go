//go:build full

package main

import (
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/kafkaexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/kafkareceiver"
)

// Kafka's clients and the storage of Google and Azure are a quarter of the packages that
// a build compiles, and most users need none of them: they are in provtrail-full only.
func init() {
	fullReceivers = append(fullReceivers, kafkareceiver.NewFactory())
	fullExporters = append(fullExporters, kafkaexporter.NewFactory())
}
