// Package storetest has a storage client for tests: it keeps what it is given in
// memory and fails on command, before or after a transaction took effect.
package storetest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// ErrCrash is returned by a client that was told to crash.
var ErrCrash = errors.New("crash on command")

// Disk outlives its clients, as a disk outlives processes.
type Disk struct {
	mu     sync.Mutex // guards everything below
	values map[string][]byte
	fail   func(op int, write bool) (before, after error)
	calls  int
}

// NewDisk returns an empty disk.
func NewDisk() *Disk { return &Disk{values: map[string][]byte{}} }

// Fail has fail asked at every call, which are numbered from 0: an error of
// before leaves the disk as it is, one of after comes although the call was done.
func (d *Disk) Fail(fail func(call int, write bool) (before, after error)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = fail
	d.calls = 0
}

// Change lets a test damage or inspect the values.
func (d *Disk) Change(change func(values map[string][]byte)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d.values)
}

// Copy returns the values as they are now.
func (d *Disk) Copy() map[string][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.values)
}

// Client returns a client of the disk.
func (d *Disk) Client() storage.Client { return client{d} }

type client struct{ d *Disk }

func (c client) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	err := c.Batch(ctx, op)
	return op.Value, err
}

func (c client) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c client) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (c client) Batch(_ context.Context, ops ...*storage.Operation) error {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	write := slices.ContainsFunc(ops, func(op *storage.Operation) bool { return op.Type != storage.Get })
	var before, after error
	if c.d.fail != nil {
		before, after = c.d.fail(c.d.calls, write)
	}
	c.d.calls++
	if before != nil {
		return before
	}
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = slices.Clone(c.d.values[op.Key])
		case storage.Set:
			c.d.values[op.Key] = slices.Clone(op.Value)
		case storage.Delete:
			delete(c.d.values, op.Key)
		}
	}
	return after
}

func (client) Close(context.Context) error { return nil }

// Extension is a storage extension whose clients share the disk.
type Extension struct{ Disk *Disk }

// Start implements component.Component.
func (Extension) Start(context.Context, component.Host) error { return nil }

// Shutdown implements component.Component.
func (Extension) Shutdown(context.Context) error { return nil }

// GetClient implements storage.Extension.
func (e Extension) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return e.Disk.Client(), nil
}

// Host is a component.Host with one extension.
type Host struct {
	ID        component.ID
	Extension component.Component
}

// GetExtensions implements component.Host.
func (h Host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{h.ID: h.Extension}
}
