package pollfeed

import (
	"bytes"
	"testing"
	"time"
)

// FuzzDecodeCheckpoint: what is taken for a checkpoint is exactly what was written.
func FuzzDecodeCheckpoint(f *testing.F) {
	f.Add(encodeCheckpoint(time.UnixMilli(1_700_000_000_123)))
	f.Add([]byte{})
	f.Add(make([]byte, 17))
	f.Fuzz(func(t *testing.T, value []byte) {
		if at, err := decodeCheckpoint(value); err == nil && !bytes.Equal(encodeCheckpoint(at), value) {
			t.Fatalf("%x was read as %s", value, at)
		}
	})
}
