package exportqueue

import (
	"sync"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/internal/columnar"
)

// conversions is shared by all exporters of the process, because the Collector creates
// each exporter on its own and hands the same plog.Logs to all exporters of a pipeline.
var conversions converter

// converter reads records out of plog.Logs. It keeps the result of one plog.Logs, at most
// until the second exporter asks for the same one, so that two exporters of a pipeline
// read and encode its records once.
//
// A plog.Logs that several exporters get is marked read-only, so its content cannot have
// changed when it comes again. The converter holds on to the one it keeps, so another one
// cannot have the same address.
type converter struct {
	mu      sync.Mutex // guards everything below
	logs    plog.Logs
	batch   *columnar.Batch // nil for none
	refused int
}

// convert returns the records, and how many could not be read and are quarantined.
func (c *converter) convert(logs plog.Logs) (batch *columnar.Batch, refused int) {
	if !logs.IsReadOnly() {
		return columnar.Read(logs)
	}
	if batch, refused, ok := c.take(logs); ok {
		return batch, refused
	}
	batch, refused = columnar.Read(logs)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.logs, c.batch, c.refused = logs, batch, refused
	return batch, refused
}

func (c *converter) take(logs plog.Logs) (batch *columnar.Batch, refused int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.batch == nil || c.logs != logs {
		return nil, 0, false
	}
	batch, refused = c.batch, c.refused
	c.logs, c.batch = plog.Logs{}, nil
	return batch, refused, true
}
