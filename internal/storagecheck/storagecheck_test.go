package storagecheck

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

func open(t *testing.T, directory string) (storage.Extension, error) {
	t.Helper()
	f := NewFactory()
	cfg := f.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory = directory
	e, err := f.Create(t.Context(), extensiontest.NewNopSettings(f.Type()), cfg)
	require.NoError(t, err)
	return e.(storage.Extension), e.Start(t.Context(), componenttest.NewNopHost())
}

func client(t *testing.T, e storage.Extension) storage.Client {
	t.Helper()
	c, err := e.GetClient(t.Context(), component.KindExporter, component.MustNewID("some"), "queue")
	require.NoError(t, err)
	return c
}

// TestDamagedFilesAreNamed: a short or overwritten file is an error that names it, and is
// not changed; a complete or empty file, or one in use, is accepted.
func TestDamagedFilesAreNamed(t *testing.T) {
	dir := t.TempDir()
	e, err := open(t, dir)
	require.NoError(t, err)
	c := client(t, e)
	for i := range 200 {
		require.NoError(t, c.Set(t.Context(), fmt.Sprint(i), make([]byte, 10_000)))
	}
	_, err = open(t, dir)
	require.NoError(t, err, "a file in use is not checked")
	require.NoError(t, c.Close(t.Context()))
	path := filepath.Join(dir, "exporter_some__queue")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)

	for name, text := range map[string][]byte{
		"half of it":  whole[:len(whole)/2],
		"overwritten": append(make([]byte, 3*os.Getpagesize()), whole[3*os.Getpagesize():]...),
		"no database": []byte("something else"),
	} {
		require.NoError(t, os.WriteFile(path, text, 0o600))
		_, err := open(t, dir)
		require.ErrorContains(t, err, path, name)
		require.ErrorContains(t, err, "the records that were not sent yet", name)
		now, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, now, name)
	}
	for name, text := range map[string][]byte{"whole": whole, "empty": nil} {
		require.NoError(t, os.WriteFile(path, text, 0o600))
		e, err := open(t, dir)
		require.NoError(t, err, name)
		c := client(t, e)
		value, err := c.Get(t.Context(), "7")
		require.NoError(t, err)
		require.Equal(t, text != nil, value != nil)
		require.NoError(t, c.Close(t.Context()))
	}
}
