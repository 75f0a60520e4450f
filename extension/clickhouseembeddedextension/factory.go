package clickhouseembeddedextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/provtrail/provtrail/extension/clickhouseembeddedextension/internal/metadata"
)

// NewFactory creates the factory of the clickhouse_embedded extension. The program that
// uses it must call [RunChildIfAsked] first in its main.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, createDefaultConfig, create, metadata.ExtensionStability)
}

func create(_ context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
	return newEmbedded(set, cfg.(*Config))
}
