package queuestorage

import (
	"context"
	"fmt"
	"strconv"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/provtrail/provtrail/internal/envelope"
)

// version is that of the queue's values.
const version = 1

// run runs one transaction, with every value in an envelope. Where the queue's metadata is
// damaged the storage is abandoned. A damaged item is passed on as it is stored, for the
// queue's encoding to report.
func (c *client) run(ctx context.Context, ops []*storage.Operation) error {
	sealed := make([]*storage.Operation, len(ops))
	for i, op := range ops {
		o := *op
		if o.Type == storage.Set {
			o.Value = envelope.Seal(version, op.Value)
		}
		sealed[i] = &o
	}
	if err := c.Client.Batch(ctx, sealed...); err != nil {
		return err
	}
	for i, op := range ops {
		if op.Type != storage.Get {
			continue
		}
		op.Value = sealed[i].Value
		if op.Value == nil {
			continue
		}
		value, err := envelope.Open(version, op.Value)
		switch {
		case err == nil:
			op.Value = value
		case !isItem(op.Key):
			c.abandoned = fmt.Errorf("value %q of the exporter's queue cannot be read, so nothing is stored in the queue or sent from it; "+
				"restore the queue's file from a copy, or move it away to start with an empty queue: %w", op.Key, err)
			return c.abandoned
		}
	}
	return nil
}

// isItem reports whether a key is the number of an item.
func isItem(key string) bool {
	_, err := strconv.ParseUint(key, 10, 64)
	return err == nil
}
