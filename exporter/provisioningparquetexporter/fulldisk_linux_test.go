package provisioningparquetexporter

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/provtrail/provtrail/exporter/provisioningparquetexporter/internal/metadata"
	"github.com/provtrail/provtrail/provisioning"
)

// TestAFullDiskLosesNothing fills a real file system, writes into it, and makes room.
func TestAFullDiskLosesNothing(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("NOT RUN: a file system that is full takes the right to mount one (%v)", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(disk, 0)) })
	dir := filepath.Join(disk, "archive")
	cfg := quickConfig(dir)
	cfg.Sealing.Enabled = false
	set := exportertest.NewNopSettings(metadata.Type)
	core, log := observer.New(zap.InfoLevel)
	set.Logger = zap.New(core)
	e, err := NewFactory().CreateLogs(t.Context(), set, cfg)
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context(), componenttest.NewNopHost()))

	want := map[provisioning.ID]bool{}
	send := func(n int) {
		t.Helper()
		logs, sent := logsOf(n)
		require.NoError(t, e.ConsumeLogs(t.Context(), logs))
		for i := range sent {
			want[sent[i].EventID] = true
		}
	}
	there := func() int {
		records, _ := stored(t, dir)
		n := 0
		for id := range records {
			if want[id] {
				n++
			}
		}
		return n
	}
	send(20)
	require.Eventually(t, func() bool { return there() == len(want) }, 10*time.Second, 10*time.Millisecond)
	kept := len(want)

	filler := filepath.Join(disk, "filler")
	f, err := os.Create(filler)
	require.NoError(t, err)
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, f.Close())
	send(200)
	loud := func() bool {
		for _, entry := range log.All() {
			if text, ok := entry.ContextMap()["error"].(string); ok && entry.Level >= zap.InfoLevel &&
				containsAll(text, "no space left on device", "stays in the queue", "free disk space") {
				return true
			}
		}
		return false
	}
	require.Eventually(t, loud, 10*time.Second, 10*time.Millisecond, "what is wrong, and what becomes of the data")
	require.Equal(t, kept, there(), "what was stored stays, and no half file is seen")
	left, err := filepath.Glob(filepath.Join(dir, "_tmp", "*"))
	require.NoError(t, err)
	require.LessOrEqual(t, len(left), 1, "but the one being tried")

	require.NoError(t, os.Remove(filler))
	require.Eventually(t, func() bool { return there() == len(want) }, 10*time.Second, 10*time.Millisecond)
	require.NoError(t, e.Shutdown(t.Context()))
}

func containsAll(text string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}
