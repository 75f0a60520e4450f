// Package memory keeps what an archive has to know about itself outside the archive, so
// that nobody who can write the archive alone can rewrite its history.
package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/internal/clock"
)

// State is what is remembered.
type State struct {
	Head chain.Head `json:"head"`
	// Clock is the time at which the writer was last alive, by a clock that it believed.
	Clock time.Time `json:"clock,omitzero"`
	// Open are the files that were written into hours that are not sealed yet.
	Open []string `json:"open,omitempty"`
}

// Store is one place that remembers. Load returns the zero State where nothing was saved.
type Store interface {
	String() string
	Load(ctx context.Context) (State, error)
	Save(ctx context.Context, s State) error
}

// Memory is the state in all its places.
type Memory struct {
	stores []Store
	heads  []chain.Head // that each store had at Open
	// Remembered has the head that each place had at Open.
	Remembered []Remembered

	mu    sync.Mutex // guards everything below
	state State
	saved bool
}

// Remembered is a head and the place that remembers it.
type Remembered struct {
	Where string
	chain.Head
}

// Open loads the state from every place. Of clocks the latest counts.
func Open(ctx context.Context, stores []Store) (*Memory, error) {
	m := &Memory{stores: stores, saved: true}
	for _, store := range stores {
		s, err := store.Load(ctx)
		if err != nil {
			return nil, fmt.Errorf("what %s remembers of the archive cannot be read: %w", store, err)
		}
		m.heads = append(m.heads, s.Head)
		if !s.Head.IsZero() {
			m.Remembered = append(m.Remembered, Remembered{store.String(), s.Head})
		}
		m.state.Clock = clock.Latest(m.state.Clock, s.Clock)
		m.state.Open = append(m.state.Open, s.Open...)
	}
	slices.Sort(m.state.Open)
	m.state.Open = slices.Compact(m.state.Open)
	return m, nil
}

// State returns the state. Its slices must not be changed.
func (m *Memory) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// Change changes the state without saving it.
func (m *Memory) Change(change func(*State)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.state)
	m.saved = false
}

// Save saves the state where it was changed. Until a head is set, each place keeps its
// own: a chain that is refused changes no remembered head.
func (m *Memory) Save(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saved {
		return nil
	}
	var errs []error
	for i, store := range m.stores {
		state := m.state
		if state.Head.IsZero() {
			state.Head = m.heads[i]
		}
		if err := store.Save(ctx, state); err != nil {
			errs = append(errs, fmt.Errorf("remember the state of the archive in %s: %w", store, err))
		}
	}
	m.saved = len(errs) == 0
	return errors.Join(errs...)
}
