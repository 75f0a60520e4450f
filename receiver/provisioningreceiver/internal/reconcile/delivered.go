package reconcile

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"
)

// Delivered remembers which documents of a feed were delivered, by hour, and how far each
// hour was reconciled. The sets are in the storage; a part of them is in memory.
//
// A document is added after the next consumer has accepted it, and before the feed's
// checkpoint moves past it. A process that is killed between the two delivers it again, so a
// document may be missing here that was delivered, and none is here that was not.
type Delivered struct {
	logger *zap.Logger
	max    int // documents in memory, see maxDocuments

	mu     sync.Mutex // guards everything below
	client storage.Client
	first  Hour // earlier hours are not reconciled
	known  bool // first was stored by an earlier process
	begins map[string]Hour
	states map[Hour]*state
	sets   *simplelru.LRU[Hour, *set] // the most recently used
	count  int                        // of the documents in sets
}

// maxDocuments bounds the documents of a feed that are in memory: about 25 MB. One hour is
// always kept whole.
const maxDocuments = 1 << 19

// NewDelivered makes what remembers the documents of a feed; Open makes it ready.
func NewDelivered(logger *zap.Logger) *Delivered {
	sets, err := simplelru.NewLRU[Hour, *set](math.MaxInt, nil)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &Delivered{logger: logger, max: maxDocuments, begins: map[string]Hour{}, states: map[Hour]*state{}, sets: sets}
}

// Open reads from the storage how far the hours were reconciled.
func (d *Delivered) Open(ctx context.Context, client storage.Client) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.client = client
	first, found, err := loadFirst(ctx, client)
	if err != nil {
		return err
	}
	if !found {
		return nil
	}
	d.first, d.known = first, true
	d.states, err = d.loadStates(ctx, first, HourOf(time.Now())+24*31) // the vendor's clock may be ahead
	return err
}

// Close closes the storage.
func (d *Delivered) Close(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.client == nil {
		return nil
	}
	return d.client.Close(ctx)
}

// Begin sets where a reader of the feed begins, at its first start; a later call for the
// same reader replaces an earlier one. The hours that begin after all readers did are
// reconciled. Where an earlier process began holds.
func (d *Delivered) Begin(ctx context.Context, reader string, at time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known {
		return nil
	}
	d.begins[reader] = HourOf(at.Add(time.Hour - 1))
	d.first = slices.Max(slices.Collect(maps.Values(d.begins)))
	return storeFirst(ctx, d.client, d.first)
}

// Add remembers documents that the next consumer has accepted. What changed is stored at
// once, also where it is of several hours.
func (d *Delivered) Add(ctx context.Context, documents []Document) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	byHour := map[Hour][]Document{}
	for _, x := range documents {
		if x.Hour >= d.first {
			byHour[x.Hour] = append(byHour[x.Hour], x)
		}
	}
	var operations []*storage.Operation
	var touched []Hour
	err := error(nil)
	for h, of := range byHour {
		var more []*storage.Operation
		if more, err = d.add(ctx, h, of); err != nil {
			break
		}
		if len(more) > 0 {
			operations, touched = append(operations, more...), append(touched, h)
		}
	}
	if err == nil && len(operations) > 0 {
		if err = d.client.Batch(ctx, operations...); err != nil {
			err = fmt.Errorf("the documents that were delivered cannot be stored: %w", err)
		}
	}
	if err != nil { // the memory must not be ahead of the storage
		d.forget(touched...)
		for _, h := range touched {
			if st := d.states[h]; st != nil {
				st.Changed = true // asks once more than need be
			}
		}
		return err
	}
	d.evict()
	return nil
}

// add merges documents into an hour and returns what is to be stored.
func (d *Delivered) add(ctx context.Context, h Hour, documents []Document) (operations []*storage.Operation, err error) {
	s, err := d.set(ctx, h)
	if err != nil {
		return nil, err
	}
	before := len(s.classes)
	for _, c := range s.add(documents) {
		operations = append(operations, storage.SetOperation(chunkKey(h, c.number), c.value))
	}
	d.count += len(s.classes) - before
	if st := d.states[h]; st != nil && !st.Changed && len(operations) > 0 {
		st.Changed = true
		operations = append(operations, st.operation(h))
	}
	return operations, nil
}

// Summary counts the documents of an hour that were delivered.
func (d *Delivered) Summary(ctx context.Context, h Hour) (Summary, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, err := d.set(ctx, h)
	if err != nil {
		return Summary{}, err
	}
	defer d.evict()
	return s.summary, nil
}

// Lacks reports for each document whether it was not delivered.
func (d *Delivered) Lacks(ctx context.Context, h Hour, hashes []uint64) ([]bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s, err := d.set(ctx, h)
	if err != nil {
		return nil, err
	}
	defer d.evict()
	lacks := make([]bool, len(hashes))
	for i, hash := range hashes {
		_, known := s.classes[hash]
		lacks[i] = !known
	}
	return lacks, nil
}

// set is an hour's documents, from memory or the storage.
func (d *Delivered) set(ctx context.Context, h Hour) (*set, error) {
	if s, ok := d.sets.Get(h); ok {
		return s, nil
	}
	s := newSet()
	for number := 0; ; number++ {
		value, err := d.client.Get(ctx, chunkKey(h, number))
		if err != nil {
			return nil, fmt.Errorf("the documents that were delivered cannot be read: %w", err)
		}
		if value == nil {
			break
		}
		if err := s.load(number, value); err != nil {
			d.logger.Error("a part of what was stored of the delivered documents of an hour is damaged; the hour is read again where they are missing",
				zap.Time("hour", h.Start()), zap.Error(err))
		}
	}
	d.sets.Add(h, s)
	d.count += len(s.classes)
	return s, nil
}

// forget drops hours from memory whose change was not stored.
func (d *Delivered) forget(hours ...Hour) {
	for _, h := range hours {
		if s, ok := d.sets.Peek(h); ok {
			d.count -= len(s.classes)
			d.sets.Remove(h)
		}
	}
}

// evict drops the hours that were not used for the longest time.
func (d *Delivered) evict() {
	for d.count > d.max && d.sets.Len() > 1 {
		_, s, _ := d.sets.RemoveOldest()
		d.count -= len(s.classes)
	}
}

func chunkKey(h Hour, number int) string { return "documents/" + h.key() + "/" + strconv.Itoa(number) }
