package provisioningreceiver

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// checkpoint keeps a time, such as how far a feed has read: version, milliseconds since
// 1970 and a checksum. The generation before is kept.
type checkpoint struct {
	storage.Client
	key    string
	high   time.Time
	stored []byte
}

const (
	keyPosition = "position"
	keyLooked   = "looked" // when the longest overlap was last read
	previous    = ".previous"

	checkpointVersion = 1
	checkpointSize    = 1 + 8 + 4
)

var errDamaged = errors.New("the stored checkpoint and the one before are damaged")

// load reads the checkpoint. found is false at the first start. errDamaged means
// that there was one and neither generation can be read.
func (c *checkpoint) load(ctx context.Context) (found bool, err error) {
	damaged := false
	for _, key := range []string{c.key, c.key + previous} {
		value, err := c.Get(ctx, key)
		if err != nil {
			return false, fmt.Errorf("the checkpoint cannot be read: %w", err)
		}
		if value == nil {
			continue
		}
		at, ok := decodeCheckpoint(value)
		if !ok {
			damaged = true
			continue
		}
		c.high, c.stored = at, value
		return true, nil
	}
	if damaged {
		return false, errDamaged
	}
	return false, nil
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
	value := make([]byte, 0, checkpointSize)
	value = append(value, checkpointVersion)
	value = binary.BigEndian.AppendUint64(value, uint64(at.UnixMilli()))
	return binary.BigEndian.AppendUint32(value, crc32.ChecksumIEEE(value))
}

func decodeCheckpoint(value []byte) (time.Time, bool) {
	if len(value) != checkpointSize || value[0] != checkpointVersion ||
		crc32.ChecksumIEEE(value[:9]) != binary.BigEndian.Uint32(value[9:]) {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(value[1:]))).UTC(), true
}
