package filefeed

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

// writes counts the operations of each write to a storage.
type writes struct {
	storage.Client
	mu  sync.Mutex
	ops []int
}

func (w *writes) Batch(ctx context.Context, ops ...*storage.Operation) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ops = append(w.ops, len(ops))
	return w.Client.Batch(ctx, ops...)
}

func (w *writes) take() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	ops := w.ops
	w.ops = nil
	return ops
}

// TestCostAtRest: what an idle minute costs does not follow the number of files. Between
// sweeps no directory is read and no file is looked at, and what changes is one file to read
// and one value to write.
func TestCostAtRest(t *testing.T) {
	const files = 2000
	dir, s := t.TempDir(), feedtest.NewStore()
	for i := range files {
		write(t, dir, fmt.Sprintf("%d/%d.ndjson", i%7, i), feedtest.Document(fmt.Sprint("g", i))+"\n")
	}
	env := feedtest.NewEnv(t, provisioning.FeedFile, s, t.TempDir())
	env.Start()
	client, err := env.OpenStorage(t.Context(), env.Host, "file")
	require.NoError(t, err)
	stored := &writes{Client: client}
	cfg := NewDefaultConfig()
	cfg.Include, cfg.SweepInterval = []string{dir, filepath.Join(dir, "missing") + "/"}, time.Hour
	f := New(&cfg, env.Settings)
	f.checkpoint, err = loadCheckpoint(t.Context(), stored, env.Logger)
	require.NoError(t, err)
	f.finder.watcher.start()
	f.worker.Start(t.Context())
	f.worker.Go(f.finder.watcher.run)
	t.Cleanup(func() { require.NoError(t, f.Shutdown(context.Background())) })
	f.poll(t.Context())
	require.Len(t, s.Groups(), files)
	f.checkpoint.save(t.Context())
	stored.take()

	look := func() (files int) {
		p, isSweep := f.find()
		defer p.close()
		require.False(t, isSweep)
		if len(p.files) == 0 {
			require.Empty(t, p.roots, "no directory is opened")
		}
		return len(p.files)
	}
	// The notifications of the writes above may still come.
	require.Eventually(t, func() bool { return look() == 0 }, 10*time.Second, 50*time.Millisecond)
	perMinute := int(time.Minute / NewDefaultConfig().PollInterval)
	for range perMinute {
		require.Zero(t, look())
	}
	require.Empty(t, stored.take(), "nothing is written")
	require.LessOrEqual(t, f.handles.open.Len(), cfg.MaxConcurrentFiles, "open files are looked at in each poll")

	add(t, filepath.Join(dir, "3", "10.ndjson"), feedtest.Document("new")+"\n")
	require.Eventually(t, func() bool {
		f.finder.watcher.mu.Lock()
		defer f.finder.watcher.mu.Unlock()
		return len(f.finder.watcher.changed) == 1
	}, 10*time.Second, time.Millisecond)
	f.poll(t.Context())
	require.Len(t, s.Groups(), files+1)
	require.Empty(t, stored.take(), "a position was stored a moment ago")
	f.checkpoint.mu.Lock()
	f.checkpoint.saved = time.Now().Add(-savePeriod)
	f.checkpoint.mu.Unlock()
	f.poll(t.Context())
	require.Equal(t, []int{1}, stored.take(), "one write of one value")
}

// TestNotifications: files and directories that come, grow and are renamed are read without
// waiting for a sweep, also where an included one was missing.
func TestNotifications(t *testing.T) {
	dir, missing, s := t.TempDir(), filepath.Join(t.TempDir(), "missing"), feedtest.NewStore()
	write(t, dir, "here/a.ndjson", feedtest.Document("a")+"\n")
	start(t, s, t.TempDir(), func(cfg *Config) {
		reading(dir, missing+"/", filepath.Join(missing, "f.txt"))(cfg)
		cfg.SweepInterval = time.Hour
	})
	s.Eventually(t, 1, "a")
	path := write(t, dir, "one/two/three/b.ndjson", feedtest.Document("b")+"\n")
	s.Eventually(t, 1, "a", "b")
	add(t, path, feedtest.Document("c")+"\n")
	s.Eventually(t, 1, "a", "b", "c")
	write(t, dir, "one/two/d.json", feedtest.Document("d"))
	s.Eventually(t, 1, "a", "b", "c", "d")
	write(t, missing, "e.ndjson", feedtest.Document("e")+"\n")
	s.Eventually(t, 1, "a", "b", "c", "d", "e")
	write(t, missing, "f.txt", feedtest.Document("f")+"\n")
	s.Eventually(t, 1, "a", "b", "c", "d", "e", "f")
}
