package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDashboardsAreTheirSource: the JSON that Grafana loads is what the source says.
func TestDashboardsAreTheirSource(t *testing.T) {
	made, err := generate("../source")
	require.NoError(t, err)
	files, err := filepath.Glob("../*.json")
	require.NoError(t, err)
	assert.Len(t, files, len(made))
	for name, text := range made {
		committed, err := os.ReadFile(filepath.Join("..", name+".json"))
		require.NoError(t, err)
		assert.Equal(t, string(committed), string(text), "go generate ./dashboards/... writes %s.json", name)
	}
}
