package queuestorage

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// client is the storage of one queue, which calls it from one goroutine at a time.
type client struct {
	storage.Client
	logger   *zap.Logger
	stopping <-chan struct{}

	mu        sync.Mutex           // guards everything below
	read      map[string]bool      // keys of the last batch, if it only read
	deferred  []*storage.Operation // deletions of items that are being appended again
	unread    unread               // items as they were stored
	sent      sent                 // what is still to be stored of items that were sent
	abandoned error                // not nil after the last operation
}

var minWait = 50 * time.Millisecond // shorter in tests

const (
	maxWait      = 5 * time.Second
	warnInterval = 30 * time.Second
)

// Get reads one key.
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

// Batch runs operations as one transaction. A transaction that only stores may fail,
// because the sender of the data gets the error; all others are repeated until they
// succeed.
func (c *client) Batch(ctx context.Context, ops ...*storage.Operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.abandoned != nil {
		return c.abandoned
	}
	if c.deletesWhatWasRead(ops) {
		c.deferred = ops
		return nil
	}
	gets, sets, deletes := count(ops)
	c.read = nil
	if gets == len(ops) {
		c.read = make(map[string]bool, len(ops))
		for _, op := range ops {
			c.read[op.Key] = true
		}
	}
	appendsAgain := len(c.deferred) > 0 && sets == len(ops)
	switch {
	case len(c.deferred) > 0: // the start is not over
	case gets == 1 && sets == 1 && len(ops) == 2:
		return c.dispatch(ctx, ops)
	case deletes == 1 && sets == 1 && len(ops) == 2:
		return c.finish(ctx, ops)
	case sets == len(ops):
		return c.append(ctx, ops)
	}
	if len(c.deferred) > 0 && sets > 0 && gets+deletes > 0 {
		ops = append(append([]*storage.Operation(nil), ops...), c.deferred...)
	}
	err := c.run(ctx, ops)
	if err != nil && (appendsAgain || sets < len(ops)) {
		err = c.runWithRetry(ctx, ops, err)
	}
	if err == nil && len(ops) > gets+sets+deletes {
		c.deferred = nil
	}
	return err
}

// deletesWhatWasRead reports whether the queue deletes the items that it has just read: at
// the start it does so with the items whose sending was interrupted.
func (c *client) deletesWhatWasRead(ops []*storage.Operation) bool {
	for _, op := range ops {
		if op.Type != storage.Delete || !c.read[op.Key] {
			return false
		}
	}
	return len(ops) > 0
}

func count(ops []*storage.Operation) (gets, sets, deletes int) {
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			gets++
		case storage.Set:
			sets++
		case storage.Delete:
			deletes++
		}
	}
	return gets, sets, deletes
}

// runWithRetry repeats a transaction that failed with err until it succeeds. When the
// exporter stops first, the storage is abandoned: the next start finds its last state.
func (c *client) runWithRetry(ctx context.Context, ops []*storage.Operation, err error) error {
	wait := minWait
	var warned time.Time
	for err != nil && c.abandoned == nil {
		if time.Since(warned) > warnInterval {
			warned = time.Now()
			c.logger.Warn("The storage of the exporter's queue refuses an operation. The exporter repeats it and keeps all data. Is the disk full?",
				zap.Error(err))
		}
		select {
		case <-time.After(wait):
			wait = min(2*wait, maxWait)
			err = c.run(ctx, ops)
			continue
		case <-c.stopping:
		case <-ctx.Done():
		}
		c.abandoned = fmt.Errorf("the exporter stopped while the storage of its queue refused an operation; what the queue holds is sent after the next start: %w", err)
	}
	if c.abandoned != nil {
		return c.abandoned
	}
	return nil
}
