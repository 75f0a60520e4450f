package queuestorage

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// client is the storage of one queue. The queue calls it from one place at a time.
type client struct {
	storage.Client
	logger   *zap.Logger
	stopping <-chan struct{}

	mu      sync.Mutex           // guards everything below
	asked   map[string]bool      // keys of the last batch, if it only asked
	interim []*storage.Operation // deletions that wait until what they delete was put back
	given   error                // why the storage was given up: nothing is stored any more
}

var firstWait = 50 * time.Millisecond // shorter in tests

const mostWait = 5 * time.Second

// Get asks for one key.
func (c *client) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

// Set stores one key.
func (c *client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

// Delete deletes one key.
func (c *client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

// Batch runs operations as one transaction. Those that only store may fail, since
// whoever has the data then sends it again; all others are repeated until they succeed.
func (c *client) Batch(ctx context.Context, ops ...*storage.Operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.given != nil {
		return c.given
	}
	if c.interrupted(ops) {
		c.interim = ops
		return nil
	}
	asks, stores, deletes := count(ops)
	c.asked = nil
	if asks == len(ops) {
		c.asked = make(map[string]bool, len(ops))
		for _, op := range ops {
			c.asked[op.Key] = true
		}
	}
	again := len(c.interim) > 0 && stores == len(ops) // puts back
	if len(c.interim) > 0 && stores > 0 && asks+deletes > 0 {
		ops = append(append([]*storage.Operation(nil), ops...), c.interim...)
	}
	err := c.Client.Batch(ctx, ops...)
	if err != nil && (again || stores < len(ops)) {
		err = c.insist(ctx, ops, err)
	}
	if err == nil && len(ops) > asks+stores+deletes {
		c.interim = nil
	}
	return err
}

// interrupted reports whether the queue deletes the items it has just asked for: it
// does that at the start, with those whose sending was interrupted.
func (c *client) interrupted(ops []*storage.Operation) bool {
	for _, op := range ops {
		if op.Type != storage.Delete || !c.asked[op.Key] {
			return false
		}
	}
	return len(ops) > 0
}

func count(ops []*storage.Operation) (asks, stores, deletes int) {
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			asks++
		case storage.Set:
			stores++
		case storage.Delete:
			deletes++
		}
	}
	return asks, stores, deletes
}

// insist repeats a transaction until it succeeds. When the exporter stops first, the
// storage is given up: its last good state is what the next start finds.
func (c *client) insist(ctx context.Context, ops []*storage.Operation, err error) error {
	wait := firstWait
	var told time.Time
	for err != nil {
		if time.Since(told) > 30*time.Second {
			told = time.Now()
			c.logger.Warn("the storage of the exporter's queue refuses to work; the exporter waits for it, nothing is lost: "+
				"is the disk full?", zap.Error(err))
		}
		select {
		case <-time.After(wait):
			wait = min(2*wait, mostWait)
			err = c.Client.Batch(ctx, ops...)
			continue
		case <-c.stopping:
		case <-ctx.Done():
		}
		c.given = fmt.Errorf("the storage was given up at the end; what the queue holds is sent after the next start: %w", err)
		return c.given
	}
	return nil
}
