package pollfeed

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/provtrail/provtrail/internal/envelope"
)

// checkpoint keeps a time, such as how far a feed has read, in an envelope: milliseconds
// since 1970. The value before the current one is kept too.
type checkpoint struct {
	storage.Client
	key    string
	high   time.Time
	stored []byte
}

const (
	keyPosition        = "position"
	keyLastOverlapRead = "last_overlap_read" // when the longest lookback was read last
	previous           = ".previous"

	checkpointVersion = 1
)

var errDamaged = errors.New("what was stored is damaged")

// load reads the checkpoint. found is false at the first start. errDamaged means
// that there was one, and that the value and the one before cannot be read.
func (c *checkpoint) load(ctx context.Context) (found bool, err error) {
	var damage error
	for _, key := range []string{c.key, c.key + previous} {
		value, err := c.Get(ctx, key)
		if err != nil {
			return false, fmt.Errorf("the checkpoint cannot be read: %w", err)
		}
		if value == nil {
			continue
		}
		at, err := decodeCheckpoint(value)
		if err != nil {
			damage = fmt.Errorf("%w: %w", errDamaged, err)
			continue
		}
		c.high, c.stored = at, value
		return true, nil
	}
	return false, damage
}

// move stores a later position; an earlier one changes nothing.
func (c *checkpoint) move(ctx context.Context, to time.Time) error {
	if !to.After(c.high) {
		return nil
	}
	return c.set(ctx, to)
}

// set stores a position, also an earlier one.
func (c *checkpoint) set(ctx context.Context, to time.Time) error {
	value := encodeCheckpoint(to)
	operations := []*storage.Operation{storage.SetOperation(c.key, value)}
	if c.stored != nil {
		operations = append(operations, storage.SetOperation(c.key+previous, c.stored))
	}
	if err := c.Batch(ctx, operations...); err != nil {
		return fmt.Errorf("the checkpoint cannot be stored: %w", err)
	}
	c.high, c.stored = to, value
	return nil
}

func encodeCheckpoint(at time.Time) []byte {
	return envelope.Seal(checkpointVersion, binary.LittleEndian.AppendUint64(nil, uint64(at.UnixMilli())))
}

func decodeCheckpoint(value []byte) (time.Time, error) {
	payload, err := envelope.Open(checkpointVersion, value)
	if err != nil {
		return time.Time{}, err
	}
	if len(payload) != 8 {
		return time.Time{}, fmt.Errorf("%d bytes, want 8", len(payload))
	}
	return time.UnixMilli(int64(binary.LittleEndian.Uint64(payload))).UTC(), nil
}
