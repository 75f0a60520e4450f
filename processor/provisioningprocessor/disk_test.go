package provisioningprocessor

import (
	"context"
	"errors"
	"sync"

	"go.uber.org/zap"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
	"github.com/provtrail/provtrail/provisioning"
)

// errCrash is returned by a store that crashes on command.
var errCrash = errors.New("crash on command")

// disk is a store in memory that fails on command, before or after a transaction took effect. To
// close it leaves it as it is, as the end of a process leaves a disk.
type disk struct {
	store.Store

	mu     sync.Mutex // guards everything below
	fail   func(call int, write bool) (before, after error)
	calls  int
	writes int
	damage bool
}

// newDisk returns an empty disk, which lives until the test ends.
func newDisk(t interface{ Cleanup(func()) }) *disk {
	memory, err := store.OpenMemory(1<<20, zap.NewNop())
	if err != nil {
		panic(err)
	}
	t.Cleanup(func() { _ = memory.Close(context.Background()) })
	return &disk{Store: memory}
}

// Fail has fail asked at every call, which are numbered from 0: an error of
// before leaves the disk as it is, one of after comes although the call was done.
func (d *disk) Fail(fail func(call int, write bool) (before, after error)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail, d.calls = fail, 0
}

// Damage has a bit of every value flipped when it is read.
func (d *disk) Damage() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.damage = true
}

// Writes is the number of transactions.
func (d *disk) Writes() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.writes
}

// Has returns how many of the keys have a value.
func (d *disk) Has(kind store.Kind, keys ...provisioning.ID) (n int) {
	_ = d.Store.Load(context.Background(), kind, keys, func(int, []byte) error { n++; return nil })
	return n
}

func (d *disk) call(write bool, do func() error) error {
	d.mu.Lock()
	var before, after error
	if d.fail != nil {
		before, after = d.fail(d.calls, write)
	}
	d.calls++
	if write {
		d.writes++
	}
	d.mu.Unlock()
	if before != nil {
		return before
	}
	return errors.Join(do(), after)
}

func (d *disk) Meta(ctx context.Context) (meta []byte, err error) {
	err = d.call(false, func() error {
		meta, err = d.Store.Meta(ctx)
		return err
	})
	return meta, err
}

func (d *disk) Load(ctx context.Context, kind store.Kind, keys []provisioning.ID, read func(int, []byte) error) error {
	return d.call(false, func() error {
		return d.Store.Load(ctx, kind, keys, func(i int, value []byte) error {
			if d.damage {
				value = append([]byte{}, value...)
				value[len(value)-1] ^= 1
			}
			return read(i, value)
		})
	})
}

func (d *disk) Commit(ctx context.Context, b *store.Batch) error {
	return d.call(true, func() error { return d.Store.Commit(ctx, b) })
}

func (d *disk) Flush(ctx context.Context) error {
	return d.call(false, func() error { return d.Store.Flush(ctx) })
}

func (d *disk) Due(ctx context.Context, now int64) (due *store.DueTimers, err error) {
	err = d.call(false, func() error {
		due, err = d.Store.Due(ctx, now)
		return err
	})
	return due, err
}

func (d *disk) NextCorrection(ctx context.Context) (part *store.Correction, err error) {
	err = d.call(false, func() error {
		part, err = d.Store.NextCorrection(ctx)
		return err
	})
	return part, err
}

func (*disk) Close(context.Context) error { return nil }
