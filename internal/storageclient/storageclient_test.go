package storageclient

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

type host map[component.ID]component.Component

func (h host) GetExtensions() map[component.ID]component.Component { return h }

type plain struct{ component.Component }

// recording is a storage extension that records whom it was opened for.
type recording struct {
	component.Component
	owner Owner
	err   error
}

func (e *recording) GetClient(_ context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	e.owner = Owner{Kind: kind, ID: id, Name: name}
	return storage.NewNopClient(), e.err
}

func TestOpen(t *testing.T) {
	id := component.MustNewIDWithName("file_storage", "state")
	owner := Owner{Kind: component.KindReceiver, ID: component.MustNewID("provisioning"), Name: "file"}
	f := func(extensions host, want string) {
		t.Helper()
		_, err := Open(t.Context(), extensions, id, owner)
		require.EqualError(t, err, want)
	}
	f(nil, `storage: extension "file_storage/state" is not configured: add it to service::extensions`)
	f(host{id: plain{}}, `storage: extension "file_storage/state" is not a storage extension: use one such as file_storage`)
	f(host{id: &recording{err: errors.New("locked")}}, `storage: extension "file_storage/state": locked`)

	var e recording
	client, err := Open(t.Context(), host{id: &e}, id, owner)
	require.NoError(t, err)
	require.NotNil(t, client)
	require.Equal(t, owner, e.owner)
}
