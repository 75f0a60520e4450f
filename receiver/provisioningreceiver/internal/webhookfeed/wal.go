package webhookfeed

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/provtrail/provtrail/internal/envelope"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// wal is a write-ahead log: it keeps requests on the disk until the next consumer has
// accepted them. The vendor sends a trigger once: without the log, a trigger during which
// the collector was killed, or that the next consumer did not accept, would be in no
// store, or in one of two.
//
// The storage has
//
//	bounds   an envelope of the numbers of the oldest request that may be there and
//	         of the next
//	<n>      a request
//
// Requests that come at the same time are written at once, and removed requests are
// deleted with the next write.
type wal struct {
	storage.Client
	maxKept int

	writing sync.Mutex // orders the writes

	mu        sync.Mutex // guards everything below
	low, next uint64     // kept are some of low to before next
	kept      map[uint64]bool
	removed   []uint64 // and not deleted yet
	pending   []*entry
}

// entry is a request that is being written.
type entry struct {
	n    uint64
	body []byte
	done chan struct{}
	err  error
}

const keyBounds = "bounds"

var errBoundsDamaged = errors.New("which requests wait on the disk cannot be read: it is damaged")

var errFull = errors.New("as many requests wait on the disk as max_waiting allows")

// openWAL returns the numbers of the requests that an earlier process left, oldest
// first. With errBoundsDamaged it returns a log that works and leaves alone the requests
// that cannot be found.
func openWAL(ctx context.Context, client storage.Client, maxKept int) (*wal, []uint64, error) {
	w := &wal{Client: client, maxKept: maxKept, kept: map[uint64]bool{}}
	bounds, err := client.Get(ctx, keyBounds)
	if err != nil {
		return nil, nil, fmt.Errorf("reading which requests wait: %w", err)
	}
	if bounds == nil {
		return w, nil, nil // a new storage
	}
	var ok bool
	if w.low, w.next, ok = decodeBounds(bounds); !ok {
		w.next = uint64(time.Now().UnixNano())
		w.low = w.next
		return w, nil, errBoundsDamaged
	}
	var left []uint64
	for n := w.low; n < w.next; n++ {
		body, err := w.read(ctx, n)
		if err != nil {
			return nil, nil, err
		}
		if body != nil {
			left = append(left, n)
			w.kept[n] = true
		}
	}
	return w, left, nil
}

// read returns a request, nil for one that was removed.
func (w *wal) read(ctx context.Context, n uint64) ([]byte, error) {
	body, err := w.Get(ctx, requestKey(n))
	if err != nil {
		return nil, fmt.Errorf("reading request %d that waits: %w", n, err)
	}
	return body, nil
}

// put returns a request's number when it is on the disk.
func (w *wal) put(ctx context.Context, body []byte) (uint64, error) {
	e := &entry{body: body, done: make(chan struct{})}
	w.mu.Lock()
	if len(w.kept) >= w.maxKept {
		w.mu.Unlock()
		return 0, errFull
	}
	e.n = w.next
	w.next++
	w.kept[e.n] = true
	w.pending = append(w.pending, e)
	w.mu.Unlock()
	w.flush(ctx)
	<-e.done
	if e.err != nil {
		w.remove(e.n)
		return 0, fmt.Errorf("the request cannot be kept on the disk: %w", e.err)
	}
	return e.n, nil
}

// remove ends the keeping of a request; the next write deletes it.
func (w *wal) remove(n uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.kept, n)
	w.removed = append(w.removed, n)
	for w.low < w.next && !w.kept[w.low] {
		w.low++
	}
}

// size is how many requests are kept.
func (w *wal) size() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.kept)
}

// close writes what is pending and closes the storage.
func (w *wal) close(ctx context.Context) error {
	w.flush(ctx)
	return w.Close(ctx)
}

// flush writes what is pending, and what others have added meanwhile.
func (w *wal) flush(ctx context.Context) {
	w.writing.Lock()
	defer w.writing.Unlock()
	w.mu.Lock()
	pending, removed := w.pending, w.removed
	w.pending, w.removed = nil, nil
	bounds := encodeBounds(w.low, w.next)
	w.mu.Unlock()
	if len(pending)+len(removed) == 0 {
		return
	}
	ops := []*storage.Operation{storage.SetOperation(keyBounds, bounds)}
	for _, e := range pending {
		ops = append(ops, storage.SetOperation(requestKey(e.n), e.body))
	}
	for _, n := range removed {
		ops = append(ops, storage.DeleteOperation(requestKey(n)))
	}
	// The write has the requests of others too, so the end of one context does not end it.
	err := w.Batch(context.WithoutCancel(ctx), ops...)
	if err != nil {
		w.mu.Lock()
		w.removed = append(w.removed, removed...)
		w.mu.Unlock()
	}
	for _, e := range pending {
		e.err = err
		close(e.done)
	}
}

const boundsVersion = 1

func encodeBounds(low, next uint64) []byte {
	return envelope.Seal(boundsVersion, binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, low), next))
}

func decodeBounds(value []byte) (low, next uint64, ok bool) {
	payload, err := envelope.Open(boundsVersion, value)
	if err != nil || len(payload) != 16 {
		return 0, 0, false
	}
	return binary.LittleEndian.Uint64(payload), binary.LittleEndian.Uint64(payload[8:]), true
}

func requestKey(n uint64) string { return strconv.FormatUint(n, 10) }
