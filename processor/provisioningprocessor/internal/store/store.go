// Package store keeps the state of the processor durably: the groups, the timers that
// name groups to be evaluated at a later time, the names of sources, and which groups
// wait for the name of a source.
package store

import (
	"context"

	"github.com/provtrail/provtrail/provisioning"
)

// Store is what the processor needs of a durable store. Keys are hashes; values are
// opaque.
//
// All methods may be called from several goroutines, but two Commits are never called at
// the same time.
type Store interface {
	// Meta returns the meta value that was committed last, nil if there was none.
	Meta(ctx context.Context) ([]byte, error)

	// Load calls read with the index and the value of each key that has a value. The value
	// is valid until read returns. An error of read ends the call.
	Load(ctx context.Context, kind Kind, keys []provisioning.ID, read func(i int, value []byte) error) error

	// Commit applies the whole batch or, with an error, none of it. The batch survives a
	// crash for certain only after Flush.
	Commit(ctx context.Context, b *Batch) error

	// Flush returns when everything committed before it survives a crash.
	Flush(ctx context.Context) error

	// Due returns the timers of one tick that is not after now, nil if there are none.
	// The timers stay in the store until a Batch names them as Handled.
	Due(ctx context.Context, now int64) (*DueTimers, error)

	// NextCorrection returns the next part of the oldest correction, nil if there is none.
	// The part stays in the store until a Batch names it as Corrected.
	NextCorrection(ctx context.Context) (*Correction, error)

	Close(ctx context.Context) error
}

// Kind is a kind of stored value.
type Kind byte

// The kinds of stored values that have a key.
const (
	Groups Kind = 'g' // by the group's trace id
	Names  Kind = 'n' // by the hash of a source's tenant and id
)

// Batch is one transaction.
type Batch struct {
	Meta    []byte // nil leaves it
	Groups  []GroupChange
	Names   []NameChange
	Correct []NewCorrection

	Handled   *DueTimers  // timers that were handled
	Corrected *Correction // the part of a correction that was done
}

// GroupChange is a new value of a group.
type GroupChange struct {
	Key   provisioning.ID
	Value []byte // nil deletes
	Timer int64  // tick of a new timer, 0 for none; earlier timers stay
	// Waits are sources whose name the group lacks from now on, Settled those that it no
	// longer lacks.
	Waits, Settled []provisioning.ID
}

// NameChange is a new name of a source.
type NameChange struct {
	Source provisioning.ID
	Value  []byte
}

// NewCorrection has all groups that wait for a source's name evaluated. Corrections are
// done in the order of their numbers.
type NewCorrection struct {
	Number uint64
	Source provisioning.ID
}

// DueTimers are timers of one tick.
type DueTimers struct {
	Tick int64
	Keys []provisioning.ID
}

// Correction is a part of a correction: some of the groups that wait for a source's name.
type Correction struct {
	NewCorrection
	Groups []provisioning.ID
	last   bool // no group is left after these
}

// groupsAtOnce is how many groups are evaluated in one transaction.
const groupsAtOnce = 1000
