package provisioninghistoryextension

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"

	"github.com/provtrail/provtrail/extension/provisioninghistoryextension/internal/metadata"
)

// NewFactory makes the extension's factory.
func NewFactory() extension.Factory {
	return extension.NewFactory(metadata.Type, createDefaultConfig, create, metadata.ExtensionStability)
}

func create(_ context.Context, set extension.Settings, config component.Config) (extension.Extension, error) {
	return &historyExtension{config: config.(*Config), logger: set.Logger}, nil
}
