package provisioningreceiver

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// journal keeps requests on the disk until the next consumer has accepted them. The
// vendor sends a trigger once: without the journal, one that the collector was killed
// over, or that waited in vain, would be in no store, or in one of two.
//
// The storage has
//
//	bounds   the numbers of the oldest request that may be there and of the next,
//	         and a checksum
//	<n>      a request
//
// Requests that come at the same time are written at once, and what is done with is
// deleted with what is written next.
type journal struct {
	storage.Client
	most int // kept at a time

	writing sync.Mutex // orders the writes

	mu        sync.Mutex // guards everything below
	low, next uint64     // kept are some of low to before next
	kept      map[uint64]bool
	gone      []uint64
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

var errJournalFull = errors.New("as many requests wait on the disk as max_waiting allows")

// openJournal returns the numbers of the requests that an earlier process left, oldest
// first. With errBoundsDamaged it returns a journal that works and leaves alone what
// cannot be found.
func openJournal(ctx context.Context, client storage.Client, most int) (*journal, []uint64, error) {
	j := &journal{Client: client, most: most, kept: map[uint64]bool{}}
	bounds, err := client.Get(ctx, keyBounds)
	if err != nil {
		return nil, nil, fmt.Errorf("reading which requests wait: %w", err)
	}
	if bounds == nil {
		return j, nil, nil // a new storage
	}
	var ok bool
	if j.low, j.next, ok = decodeBounds(bounds); !ok {
		j.next = uint64(time.Now().UnixNano())
		j.low = j.next
		return j, nil, errBoundsDamaged
	}
	var left []uint64
	for n := j.low; n < j.next; n++ {
		body, err := j.read(ctx, n)
		if err != nil {
			return nil, nil, err
		}
		if body != nil {
			left = append(left, n)
			j.kept[n] = true
		}
	}
	return j, left, nil
}

// read returns a request, nil for one that is gone.
func (j *journal) read(ctx context.Context, n uint64) ([]byte, error) {
	body, err := j.Get(ctx, requestKey(n))
	if err != nil {
		return nil, fmt.Errorf("reading request %d that waits: %w", n, err)
	}
	return body, nil
}

// put returns a request's number when it is on the disk.
func (j *journal) put(ctx context.Context, body []byte) (uint64, error) {
	e := &entry{body: body, done: make(chan struct{})}
	j.mu.Lock()
	if len(j.kept) >= j.most {
		j.mu.Unlock()
		return 0, errJournalFull
	}
	e.n = j.next
	j.next++
	j.kept[e.n] = true
	j.pending = append(j.pending, e)
	j.mu.Unlock()
	j.flush(ctx)
	<-e.done
	if e.err != nil {
		j.forget(e.n)
		return 0, fmt.Errorf("the request cannot be kept on the disk: %w", e.err)
	}
	return e.n, nil
}

// forget lets go of a request: what is on the disk of it goes with the next write.
func (j *journal) forget(n uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.kept, n)
	j.gone = append(j.gone, n)
	for j.low < j.next && !j.kept[j.low] {
		j.low++
	}
}

// size is how many requests are kept.
func (j *journal) size() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.kept)
}

// flush writes what is pending, and what others have added meanwhile.
func (j *journal) flush(ctx context.Context) {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.mu.Lock()
	pending, gone := j.pending, j.gone
	j.pending, j.gone = nil, nil
	bounds := encodeBounds(j.low, j.next)
	j.mu.Unlock()
	if len(pending)+len(gone) == 0 {
		return
	}
	ops := []*storage.Operation{storage.SetOperation(keyBounds, bounds)}
	for _, e := range pending {
		ops = append(ops, storage.SetOperation(requestKey(e.n), e.body))
	}
	for _, n := range gone {
		ops = append(ops, storage.DeleteOperation(requestKey(n)))
	}
	// Whoever is pending may give up; the others' requests are in it too.
	err := j.Batch(context.WithoutCancel(ctx), ops...)
	if err != nil {
		j.mu.Lock()
		j.gone = append(j.gone, gone...)
		j.mu.Unlock()
	}
	for _, e := range pending {
		e.err = err
		close(e.done)
	}
}

func encodeBounds(low, next uint64) []byte {
	b := binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, low), next)
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

func decodeBounds(b []byte) (low, next uint64, ok bool) {
	if len(b) != 20 || crc32.ChecksumIEEE(b[:16]) != binary.LittleEndian.Uint32(b[16:]) {
		return 0, 0, false
	}
	return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), true
}

func requestKey(n uint64) string { return strconv.FormatUint(n, 10) }
