package provisioningreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

// NewFactory creates the factory of the receiver.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(metadata.Type, createDefaultConfig,
		receiver.WithLogs(createLogs, metadata.LogsStability))
}

func createDefaultConfig() component.Config {
	return &Config{
		Tenant:      "default",
		PassedMeans: "committed",
		File:        configoptional.Default(defaultFileConfig()),
		Webhook:     configoptional.Default(defaultWebhookConfig()),
		API:         configoptional.Default(defaultAPIConfig()),
		REST:        configoptional.Default(defaultRESTConfig()),
		Search:      configoptional.Default(defaultSearchConfig()),
		Events:      configoptional.Default(defaultEventsConfig()),
	}
}

func createLogs(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	return newReceiver(set, cfg.(*Config), next)
}
