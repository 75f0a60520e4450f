package store

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/provtrail/provtrail/provisioning"
)

// Client keeps the states in a storage extension, which knows keys and values and
// no order. The alarms are therefore filed by tick:
//
//	meta        the processor's meta value
//	low         the first tick that may still have alarms
//	g/<key>     a group
//	a/<tick>    how many slips the tick has
//	a/<tick>/<n>  a slip: the groups of one transaction whose alarm is that tick
//
// A transaction adds at most one slip to a tick and never rewrites one, so its
// cost does not grow with the number of groups.
type Client struct {
	client storage.Client

	mu    sync.Mutex       // guards everything below
	low   int64            // first tick that may have alarms
	saved int64            // low as it is stored
	seen  uint64           // slips of the tick low that are done
	slips map[int64]uint64 // number of slips by tick, as far as known
}

// ticksAtOnce is how many ticks are looked up in one read.
const ticksAtOnce = 512

// OpenClient opens the store. now is the tick a new store begins at.
func OpenClient(ctx context.Context, client storage.Client, now int64) (*Client, error) {
	c := &Client{client: client, slips: map[int64]uint64{}}
	value, err := c.get(ctx, "low")
	if err != nil {
		return nil, fmt.Errorf("reading where the alarms begin: %w", err)
	}
	if value == nil {
		c.low = now
		return c, nil
	}
	low, size := binary.Varint(value)
	if size <= 0 {
		return nil, fmt.Errorf("reading where the alarms begin: %w", ErrCorrupt)
	}
	c.low, c.saved = low, low
	return c, nil
}

// Meta implements Store.
func (c *Client) Meta(ctx context.Context) ([]byte, error) { return c.get(ctx, "meta") }

// Load implements Store.
func (c *Client) Load(ctx context.Context, keys []provisioning.ID) ([][]byte, error) {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = groupKey(key)
	}
	return c.gets(ctx, names)
}

// Commit implements Store.
func (c *Client) Commit(ctx context.Context, b *Batch) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	ops := make([]*storage.Operation, 0, len(b.Changes)+8)
	if b.Meta != nil {
		ops = append(ops, storage.SetOperation("meta", seal(b.Meta)))
	}
	due := map[int64][]byte{}
	for _, change := range b.Changes {
		if change.Value == nil {
			ops = append(ops, storage.DeleteOperation(groupKey(change.Key)))
		} else {
			ops = append(ops, storage.SetOperation(groupKey(change.Key), seal(change.Value)))
		}
		if change.Alarm != 0 {
			tick := max(change.Alarm, c.low)
			due[tick] = append(due[tick], change.Key[:]...)
		}
	}
	ops, err := c.file(ctx, ops, due)
	if err != nil {
		return err
	}
	if c.saved != c.low {
		ops = append(ops, storage.SetOperation("low", seal(binary.AppendVarint(nil, c.low))))
	}
	if b.Done != nil {
		ops = append(ops, storage.DeleteOperation(slipKey(b.Done.Tick, b.Done.mark.(uint64))))
	}
	if err := c.client.Batch(ctx, ops...); err != nil {
		return full(err)
	}
	c.saved = c.low
	if b.Done != nil && b.Done.Tick == c.low {
		c.seen = max(c.seen, b.Done.mark.(uint64)+1)
	}
	return nil
}

// file adds a slip to each tick.
func (c *Client) file(ctx context.Context, ops []*storage.Operation, due map[int64][]byte) ([]*storage.Operation, error) {
	ticks := make([]int64, 0, len(due))
	for tick := range due {
		ticks = append(ticks, tick)
	}
	if err := c.count(ctx, ticks); err != nil {
		return nil, err
	}
	for tick, keys := range due {
		// The number is used up even where the transaction fails, for a failed
		// one may have reached the disk.
		n := c.slips[tick]
		c.slips[tick] = n + 1
		ops = append(ops,
			storage.SetOperation(slipKey(tick, n), seal(keys)),
			storage.SetOperation(tickKey(tick), seal(binary.AppendUvarint(nil, n+1))))
	}
	return ops, nil
}

// count makes the numbers of slips of the ticks known.
func (c *Client) count(ctx context.Context, ticks []int64) error {
	unknown := make([]int64, 0, len(ticks))
	names := make([]string, 0, len(ticks))
	for _, tick := range ticks {
		if _, known := c.slips[tick]; !known {
			unknown, names = append(unknown, tick), append(names, tickKey(tick))
		}
	}
	values, err := c.gets(ctx, names)
	if err != nil {
		return fmt.Errorf("reading the alarms: %w", err)
	}
	for i, value := range values {
		n, size := binary.Uvarint(value)
		if value != nil && size <= 0 {
			return fmt.Errorf("reading the alarms of tick %d: %w", unknown[i], ErrCorrupt)
		}
		c.slips[unknown[i]] = n
	}
	return nil
}

// Due implements Store.
func (c *Client) Due(ctx context.Context, now int64) (*Rung, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.low <= now {
		if _, known := c.slips[c.low]; !known {
			if err := c.count(ctx, span(c.low, min(now, c.low+ticksAtOnce-1))); err != nil {
				return nil, err
			}
		}
		for ; c.seen < c.slips[c.low]; c.seen++ {
			slip, err := c.get(ctx, slipKey(c.low, c.seen))
			if err != nil {
				return nil, fmt.Errorf("reading the alarms of tick %d: %w", c.low, err)
			}
			if slip != nil {
				return &Rung{Tick: c.low, Keys: ids(slip), mark: c.seen}, nil
			}
		}
		if err := c.next(ctx); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// next leaves the tick low, whose alarms are all done.
func (c *Client) next(ctx context.Context) error {
	if c.slips[c.low] > 0 {
		err := c.client.Batch(ctx, storage.DeleteOperation(tickKey(c.low)),
			storage.SetOperation("low", seal(binary.AppendVarint(nil, c.low+1))))
		if err != nil {
			return full(err)
		}
		c.saved = c.low + 1
	}
	delete(c.slips, c.low)
	c.low, c.seen = c.low+1, 0
	return nil
}

// Flush implements Store. The extension decides when a transaction is durable
// (file_storage: with fsync: true, when Batch returns).
func (*Client) Flush(context.Context) error { return nil }

// Close implements Store.
func (c *Client) Close(ctx context.Context) error { return c.client.Close(ctx) }

func (c *Client) get(ctx context.Context, name string) ([]byte, error) {
	values, err := c.gets(ctx, []string{name})
	if err != nil {
		return nil, err
	}
	return values[0], nil
}

func (c *Client) gets(ctx context.Context, names []string) ([][]byte, error) {
	if len(names) == 0 {
		return nil, nil
	}
	ops := make([]*storage.Operation, len(names))
	for i, name := range names {
		ops[i] = storage.GetOperation(name)
	}
	if err := c.client.Batch(ctx, ops...); err != nil {
		return nil, err
	}
	values := make([][]byte, len(names))
	for i, op := range ops {
		var err error
		if values[i], err = unseal(op.Value); err != nil {
			return nil, fmt.Errorf("key %s: %w", op.Key, err)
		}
	}
	return values, nil
}

// full says what to do about a storage without room.
func full(err error) error {
	if errors.Is(err, storage.ErrStorageFull) {
		return fmt.Errorf("%w: nothing was acknowledged; make room on its disk or raise its max_size", err)
	}
	return err
}

func groupKey(key provisioning.ID) string { return "g/" + base64.RawURLEncoding.EncodeToString(key[:]) }

func tickKey(tick int64) string { return "a/" + strconv.FormatInt(tick, 10) }

func slipKey(tick int64, n uint64) string { return tickKey(tick) + "/" + strconv.FormatUint(n, 10) }

func span(from, to int64) []int64 {
	ticks := make([]int64, 0, to-from+1)
	for tick := from; tick <= to; tick++ {
		ticks = append(ticks, tick)
	}
	return ticks
}

func ids(slip []byte) []provisioning.ID {
	out := make([]provisioning.ID, len(slip)/len(provisioning.ID{}))
	for i := range out {
		copy(out[i][:], slip[i*len(out[i]):])
	}
	return out
}
