package main

import (
	"errors"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/countconnector"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/basicauthextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/bearertokenauthextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/healthcheckextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/oauth2clientauthextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/pprofextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/filterprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/zpagesextension"
	"go.opentelemetry.io/collector/featuregate"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"

	"github.com/provtrail/provtrail/connector/provisioningconnector"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter"
	"github.com/provtrail/provtrail/exporter/provisioninglokiexporter"
	"github.com/provtrail/provtrail/exporter/provisioningparquetexporter"
	"github.com/provtrail/provtrail/extension/clickhouseembeddedextension"
	"github.com/provtrail/provtrail/extension/provisioninghistoryextension"
	"github.com/provtrail/provtrail/extension/provisioningreportextension"
	"github.com/provtrail/provtrail/internal/storagecheck"
	"github.com/provtrail/provtrail/processor/provisioningprocessor"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver"
)

// fullReceivers and fullExporters are empty but in a build with the tag full, see full.go.
var (
	fullReceivers []receiver.Factory
	fullExporters []exporter.Factory
)

// components lists what the distribution holds: provtrail's own parts first,
// then the standard ones people combine them with.
func components() (otelcol.Factories, error) {
	receivers, err1 := otelcol.MakeFactoryMap(append([]receiver.Factory{
		provisioningreceiver.NewFactory(),
		otlpreceiver.NewFactory(),
	}, fullReceivers...)...)
	processors, err2 := otelcol.MakeFactoryMap[processor.Factory](
		provisioningprocessor.NewFactory(),
		filterprocessor.NewFactory(),
		memorylimiterprocessor.NewFactory(),
		transformprocessor.NewFactory(),
	)
	exporters, err3 := otelcol.MakeFactoryMap(append([]exporter.Factory{
		provisioningclickhouseexporter.NewFactory(),
		provisioninglokiexporter.NewFactory(),
		provisioningparquetexporter.NewFactory(),
		debugexporter.NewFactory(),
		fileexporter.NewFactory(),
		otlpexporter.NewFactory(),
		otlphttpexporter.NewFactory(),
	}, fullExporters...)...)
	extensions, err4 := otelcol.MakeFactoryMap[extension.Factory](
		clickhouseembeddedextension.NewFactory(),
		provisioninghistoryextension.NewFactory(),
		provisioningreportextension.NewFactory(),
		basicauthextension.NewFactory(),
		bearertokenauthextension.NewFactory(),
		storagecheck.NewFactory(),
		healthcheckextension.NewFactory(),
		oauth2clientauthextension.NewFactory(),
		pprofextension.NewFactory(),
		zpagesextension.NewFactory(),
	)
	connectors, err5 := otelcol.MakeFactoryMap[connector.Factory](
		provisioningconnector.NewFactory(),
		countconnector.NewFactory(),
	)
	return otelcol.Factories{
		Receivers: receivers, Processors: processors, Exporters: exporters,
		Extensions: extensions, Connectors: connectors,
		Telemetry: otelconftelemetry.NewFactory(),
	}, errors.Join(err1, err2, err3, err4, err5, useComponentStatus())
}

// useComponentStatus lets health_check answer with the state of the components: without it
// a collector whose store is away is healthy.
func useComponentStatus() error {
	return featuregate.GlobalRegistry().Set("extension.healthcheck.useComponentStatus", true)
}
