package exportqueue

import (
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/internal/columnar"
)

// shared is the newest plog.Logs that several exporters are given, and what the first of
// them has read of it: the others need not read and encode it again. Whoever gives it to
// several marks it as read-only, so it is still what it was.
var shared struct {
	mu      sync.Mutex // guards everything below
	logs    plog.Logs
	batch   *columnar.Batch
	refused int
}

func read(logs plog.Logs) (batch *columnar.Batch, refused int) {
	if !logs.IsReadOnly() {
		return columnar.Read(logs)
	}
	if batch, refused, ok := takeShared(logs); ok {
		return batch, refused
	}
	batch, refused = columnar.Read(logs)
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.logs, shared.batch, shared.refused = logs, batch, refused
	return batch, refused
}

func takeShared(logs plog.Logs) (batch *columnar.Batch, refused int, ok bool) {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.batch == nil || shared.logs != logs {
		return nil, 0, false
	}
	batch, refused = shared.batch, shared.refused
	shared.logs, shared.batch = plog.Logs{}, nil
	return batch, refused, true
}
