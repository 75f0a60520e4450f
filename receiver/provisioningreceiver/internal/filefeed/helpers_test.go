package filefeed

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

// start starts a feed with its storage in a directory.
func start(t testing.TB, next consumer.Logs, storageDir string, configure func(*Config)) *feedtest.Env {
	t.Helper()
	env := feedtest.NewEnv(t, provisioning.FeedFile, next, storageDir)
	cfg := NewDefaultConfig()
	configure(&cfg)
	require.NoError(t, cfg.Validate())
	env.Start(New(&cfg, env.Settings))
	return env
}

// reading configures quick polls.
func reading(include ...string) func(*Config) {
	return func(cfg *Config) {
		cfg.Include = include
		cfg.PollInterval = 5 * time.Millisecond
		cfg.IncompleteTimeout = time.Hour
	}
}

func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func add(t *testing.T, path, content string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(content)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// many are documents, one a line.
func many(from, to int) (content string, groups []string) {
	var b strings.Builder
	for i := from; i < to; i++ {
		group := fmt.Sprintf("g%06d", i)
		groups = append(groups, group)
		b.WriteString(feedtest.Document(group) + "\n")
	}
	return b.String(), groups
}
