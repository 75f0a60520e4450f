package store

import (
	"context"
	"sync"

	"github.com/provtrail/provtrail/provisioning"
)

// Memory keeps everything in memory: a restart forgets it.
type Memory struct {
	mu     sync.RWMutex // guards everything below
	meta   []byte
	groups map[provisioning.ID][]byte
	alarms map[int64][]provisioning.ID
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{groups: map[provisioning.ID][]byte{}, alarms: map[int64][]provisioning.ID{}}
}

// Meta implements Store.
func (m *Memory) Meta(context.Context) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.meta, nil
}

// Load implements Store.
func (m *Memory) Load(_ context.Context, keys []provisioning.ID) ([][]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	values := make([][]byte, len(keys))
	for i, key := range keys {
		values[i] = m.groups[key]
	}
	return values, nil
}

// Commit implements Store.
func (m *Memory) Commit(_ context.Context, b *Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.meta = b.Meta
	if b.Done != nil {
		left := m.alarms[b.Done.Tick][len(b.Done.Keys):]
		if len(left) == 0 {
			delete(m.alarms, b.Done.Tick)
		} else {
			m.alarms[b.Done.Tick] = left
		}
	}
	for _, c := range b.Changes {
		if c.Value == nil {
			delete(m.groups, c.Key)
		} else {
			m.groups[c.Key] = c.Value
		}
		if c.Alarm != 0 {
			m.alarms[c.Alarm] = append(m.alarms[c.Alarm], c.Key)
		}
	}
	return nil
}

// Flush implements Store.
func (*Memory) Flush(context.Context) error { return nil }

// Due implements Store.
func (m *Memory) Due(_ context.Context, now int64) (*Rung, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	first := now + 1
	for tick := range m.alarms {
		first = min(first, tick)
	}
	if first > now {
		return nil, nil
	}
	keys := m.alarms[first]
	return &Rung{Tick: first, Keys: keys[:min(len(keys), rungLimit)]}, nil
}

// Close implements Store.
func (*Memory) Close(context.Context) error { return nil }

// rungLimit is how many alarms are seen to in one transaction.
const rungLimit = 1000
