// Package storageclient opens a component's part of a storage extension.
package storageclient

import (
	"context"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// Owner is the component that a client is opened for. Clients of different owners, and
// of different names of one owner, share no keys.
type Owner struct {
	Kind component.Kind
	ID   component.ID
	Name string // empty for a component with one client
}

// Open returns the owner's client of the storage extension. The error names the setting
// storage and the extension.
func Open(ctx context.Context, host component.Host, extension component.ID, owner Owner) (storage.Client, error) {
	found, ok := host.GetExtensions()[extension]
	if !ok {
		return nil, fmt.Errorf("storage: extension %q is not configured: add it to service::extensions", extension)
	}
	provider, ok := found.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage: extension %q is not a storage extension: use one such as file_storage", extension)
	}
	client, err := provider.GetClient(ctx, owner.Kind, owner.ID, owner.Name)
	if err != nil {
		return nil, fmt.Errorf("storage: extension %q: %w", extension, err)
	}
	return client, nil
}
