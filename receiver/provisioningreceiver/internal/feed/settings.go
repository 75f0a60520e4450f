// Package feed has what every feed is built from.
package feed

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/delivery"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

// Settings is what a feed needs of the receiver.
type Settings struct {
	component.TelemetrySettings
	Metrics  *metadata.TelemetryBuilder
	Parser   *sailpoint.Parser
	Delivery *delivery.Delivery

	// OpenStorage opens the feed's part of the storage; nil: none is configured.
	OpenStorage func(ctx context.Context, host component.Host, name string) (storage.Client, error)
}

// Positions opens the storage of the feed's positions, or keeps them in memory where no
// storage is configured.
func (s *Settings) Positions(ctx context.Context, host component.Host, name string) (storage.Client, error) {
	if s.OpenStorage == nil {
		s.Logger.Warn("no storage is configured: the position of feed " + name +
			" is kept in memory and everything is read from the start after a restart; set storage to a storage extension")
		return storage.NewNopClient(), nil
	}
	return s.OpenStorage(ctx, host, name)
}
