// Package store keeps the states of groups durably, with alarms that name the
// groups to be looked at at a later time.
package store

import (
	"context"

	"github.com/provtrail/provtrail/provisioning"
)

// Store is what the processor needs of a durable store. Keys are the hashes of
// groups (their trace ids); values and meta are opaque.
//
// Load may be called from several goroutines. Commit, Due and Close may be called
// while a Load runs; two Commits are never called at the same time.
type Store interface {
	// Meta returns the meta value last committed, nil if there was none.
	Meta(ctx context.Context) ([]byte, error)

	// Load returns the value of each key, nil where there is none.
	Load(ctx context.Context, keys []provisioning.ID) ([][]byte, error)

	// Commit applies the whole batch or, with an error, none of it. What it did
	// is certain to survive a crash only after Flush.
	Commit(ctx context.Context, b *Batch) error

	// Flush returns when everything committed before it survives a crash.
	Flush(ctx context.Context) error

	// Due returns the next alarms of a tick that is not after now, nil if there
	// are none. They come again until a Batch names them as Done.
	Due(ctx context.Context, now int64) (*Rung, error)

	Close(ctx context.Context) error
}

// Batch is one transaction.
type Batch struct {
	Meta    []byte
	Changes []Change
	Done    *Rung // alarms that have been seen to
}

// Change is a group's new value.
type Change struct {
	Key   provisioning.ID
	Value []byte // nil deletes
	Alarm int64  // tick of a new alarm, 0 for none; earlier alarms stay
}

// Rung are alarms of one tick.
type Rung struct {
	Tick int64
	Keys []provisioning.ID

	mark any // the store's own
}
