package provisioningparquetexporter

import (
	"context"
	"encoding/json"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/envelope"
	"github.com/provtrail/provtrail/internal/storageclient"
)

// storageMemory remembers the head of the chain in a storage extension.
type storageMemory struct {
	client storage.Client
	name   string
}

const (
	memoryKey     = "archive"
	memoryVersion = 1
)

func openMemory(ctx context.Context, host component.Host, extension, id component.ID) (*storageMemory, error) {
	client, err := storageclient.Open(ctx, host, extension, storageclient.Owner{Kind: component.KindExporter, ID: id, Name: "archive"})
	if err != nil {
		return nil, err
	}
	return &storageMemory{client, "storage " + extension.String()}, nil
}

func (m *storageMemory) String() string { return m.name }

// Load reads the state.
func (m *storageMemory) Load(ctx context.Context) (s archive.State, err error) {
	value, err := m.client.Get(ctx, memoryKey)
	if err != nil || value == nil {
		return s, err
	}
	text, err := envelope.Open(memoryVersion, value)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(text, &s)
}

// Save replaces the state.
func (m *storageMemory) Save(ctx context.Context, s archive.State) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return m.client.Set(ctx, memoryKey, envelope.Seal(memoryVersion, text))
}
