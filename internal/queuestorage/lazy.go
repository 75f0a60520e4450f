package queuestorage

import (
	"context"
	"slices"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// The queue makes a transaction of each step of an item: appended, dispatched, sent. Each
// is synced and writes whole pages of the storage, much more than the item where items are
// small. Only the first is needed at once: without the others a crash sends items again,
// which the destination is prepared for. So an item is dispatched from memory, and that
// items were sent is stored with the next append, or after a while.
const (
	maxUnread = 4 << 20 // bytes
	maxSent   = 16
)

var maxSentWait = 3 * time.Second // shorter in tests

// unread holds values that the queue will ask for, as far as they have room.
type unread struct {
	values map[string][]byte
	size   int
}

func (u *unread) put(key string, value []byte) {
	if u.size+len(value) > maxUnread || len(value) == 0 {
		return
	}
	if u.values == nil {
		u.values = map[string][]byte{}
	}
	u.values[key] = value
	u.size += len(value)
}

func (u *unread) take(key string) []byte {
	value := u.values[key]
	delete(u.values, key)
	u.size -= len(value)
	return value
}

// sent is the metadata after the newest item that was sent, and the deletions.
type sent struct {
	metadata  *storage.Operation
	deletions []*storage.Operation
	timer     *time.Timer
}

// append stores an item and its metadata, and that others were sent.
func (c *client) append(ctx context.Context, ops []*storage.Operation) error {
	if err := c.run(ctx, slices.Concat(ops, c.sent.deletions)); err != nil {
		return err
	}
	c.sent.deletions = nil
	for _, op := range ops {
		if isItem(op.Key) {
			c.unread.put(op.Key, op.Value)
		}
	}
	return nil
}

// dispatch reads an item. After a crash it is not known to be dispatched, and read again.
func (c *client) dispatch(ctx context.Context, ops []*storage.Operation) error {
	for _, op := range ops {
		if op.Type != storage.Get {
			continue
		}
		if op.Value = c.unread.take(op.Key); op.Value != nil {
			return nil
		}
		if err := c.run(ctx, []*storage.Operation{op}); err != nil {
			return c.runWithRetry(ctx, []*storage.Operation{op}, err)
		}
	}
	return nil
}

// finish notes that an item was sent.
func (c *client) finish(ctx context.Context, ops []*storage.Operation) error {
	for _, op := range ops {
		if op.Type == storage.Set {
			c.sent.metadata = op
		} else {
			c.unread.take(op.Key)
			c.sent.deletions = append(c.sent.deletions, op)
		}
	}
	if len(c.sent.deletions) >= maxSent {
		err := c.storeSent(ctx)
		if err != nil {
			err = c.runWithRetry(ctx, c.sent.operations(), err)
		}
		if err == nil {
			c.sent.deletions = nil
		}
		return err
	}
	if c.sent.timer == nil {
		c.sent.timer = time.AfterFunc(maxSentWait, c.storeSentLate)
	}
	return nil
}

func (s *sent) operations() []*storage.Operation {
	return append([]*storage.Operation{s.metadata}, s.deletions...)
}

func (c *client) storeSent(ctx context.Context) error {
	if len(c.sent.deletions) == 0 || c.abandoned != nil {
		return nil
	}
	err := c.run(ctx, c.sent.operations())
	if err == nil {
		c.sent.deletions = nil
	}
	return err
}

func (c *client) storeSentLate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sent.timer == nil {
		return // closed
	}
	c.sent.timer = nil
	if err := c.storeSent(context.Background()); err != nil {
		c.sent.timer = time.AfterFunc(maxSentWait, c.storeSentLate)
	}
}

// Close stores what is still to be stored.
func (c *client) Close(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sent.timer != nil {
		c.sent.timer.Stop()
		c.sent.timer = nil
	}
	if err := c.storeSent(ctx); err != nil {
		c.logger.Warn("The storage of the exporter's queue refuses to record that items were sent. They are sent again after the next start.", zap.Error(err))
	}
	return c.Client.Close(ctx)
}
