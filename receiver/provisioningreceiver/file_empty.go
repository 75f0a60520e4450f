package provisioningreceiver

import (
	"context"
	"os"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning/record"
)

// empties looks for files that stay empty, which the file consumer passes over: a
// delivery that went wrong must not look like one that never came. A file is
// reported once, incomplete_after its last change; its record has the same id after
// a restart.
type empties struct {
	feed     *fileFeed
	reported map[string]time.Time // path: the change it was reported for
}

// look delivers a quarantine record for each file that has newly been empty too long.
func (e *empties) look(ctx context.Context, paths []string) error {
	now := time.Now()
	var b batch
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && e.empty(path, info, now) {
			b.quarantined = append(b.quarantined, record.Quarantined{
				Tenant: e.feed.sink.parser.Tenant, Feed: e.feed.sink.feed, File: path,
				Reason: "the file is empty: ask its writer for what it should hold", ObservedAt: pcommon.NewTimestampFromTime(now),
			})
			e.reported[path] = info.ModTime()
		}
	}
	return e.feed.sink.deliver(ctx, &b)
}

func (e *empties) empty(path string, info os.FileInfo, now time.Time) bool {
	if info.Size() > 0 {
		delete(e.reported, path)
		return false
	}
	return now.Sub(info.ModTime()) >= e.feed.cfg.IncompleteAfter && !e.reported[path].Equal(info.ModTime())
}
