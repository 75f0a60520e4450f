package provisioningreceiver

import (
	"context"
	"os"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/provisioning"
)

// empties looks for files that stay empty, which the file consumer passes over: a
// delivery that went wrong must not look like one that never came. A file is
// reported once, incomplete_after its last change; its record has the same id after
// a restart.
type empties struct {
	*fileFeed
	reported map[string]time.Time // path: the change it was reported for
	cancel   context.CancelFunc
	done     chan struct{}
}

func (f *fileFeed) watchEmpties(ctx context.Context) *empties {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e := &empties{fileFeed: f, reported: map[string]time.Time{}, cancel: cancel, done: make(chan struct{})}
	go e.run(ctx)
	return e
}

func (e *empties) stop() {
	e.cancel()
	<-e.done
}

func (e *empties) run(ctx context.Context) {
	defer close(e.done)
	tick := time.NewTicker(max(e.cfg.PollInterval, e.cfg.IncompleteAfter/4))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := e.look(ctx); err != nil {
			return // stopped before the next consumer accepted: found again after the next start
		}
	}
}

// look delivers a quarantine record for each file that has newly been empty too long.
func (e *empties) look(ctx context.Context) error {
	now := time.Now()
	var b batch
	for _, glob := range files(e.cfg.Include) {
		paths, err := doublestar.FilepathGlob(glob, doublestar.WithFilesOnly())
		if err != nil {
			e.set.Logger.Warn("cannot look for empty files", zap.String("include", glob), zap.Error(err))
			continue
		}
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && e.empty(path, info, now) {
				b.quarantined = append(b.quarantined, provisioning.Quarantined{
					Tenant: e.sink.parser.Tenant, Feed: e.sink.feed, File: path,
					Reason: "the file is empty: ask its writer for what it should hold", ObservedAt: pcommon.NewTimestampFromTime(now),
				})
				e.reported[path] = info.ModTime()
			}
		}
	}
	return e.sink.deliver(ctx, &b)
}

func (e *empties) empty(path string, info os.FileInfo, now time.Time) bool {
	if info.Size() > 0 {
		delete(e.reported, path)
		return false
	}
	for _, glob := range e.cfg.Exclude {
		if excluded, _ := doublestar.PathMatch(glob, path); excluded {
			return false
		}
	}
	return now.Sub(info.ModTime()) >= e.cfg.IncompleteAfter && !e.reported[path].Equal(info.ModTime())
}
