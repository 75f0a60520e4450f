package provisioningreceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/filefeed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/pollfeed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/reconcile"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/webhookfeed"
)

// NewFactory creates the factory of the receiver.
func NewFactory() receiver.Factory {
	return receiver.NewFactory(metadata.Type, createDefaultConfig,
		receiver.WithLogs(createLogs, metadata.LogsStability))
}

func createDefaultConfig() component.Config {
	return &Config{
		Tenant:       "default",
		PassedStatus: "committed",
		File:         configoptional.Default(filefeed.NewDefaultConfig()),
		Webhook:      configoptional.Default(webhookfeed.NewDefaultConfig()),
		API:          configoptional.Default(apiclient.NewDefaultConfig()),
		REST:         configoptional.Default(pollfeed.NewDefaultRESTConfig()),
		Search:       configoptional.Default(pollfeed.NewDefaultSearchConfig()),
		Events:       configoptional.Default(pollfeed.NewDefaultEventsConfig()),
		Reconcile:    reconcile.NewDefaultConfig(),
	}
}

func createLogs(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	return newReceiver(set, cfg.(*Config), next)
}
