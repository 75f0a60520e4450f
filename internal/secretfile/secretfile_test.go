package secretfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
)

func TestPassword(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	f := func(value, content, path, want string) {
		t.Helper()
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		got, err := Password(configopaque.String(value), "password_file", path)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	f("", "", "", "")
	f("", " of file \n", file, "of file")
	f("value", "of file", file, "value")
	f("value", "", "/nowhere", "value")

	_, err := Password("", "password_file", "/nowhere")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "password_file: open /nowhere")
	require.NoError(t, os.WriteFile(file, []byte(" \n"), 0o600))
	_, err = Password("", "password_file", file)
	require.ErrorContains(t, err, "is empty")
}
