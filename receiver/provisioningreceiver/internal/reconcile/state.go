package reconcile

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/envelope"
	"github.com/provtrail/provtrail/provisioning/record"
)

// state is how far an hour was reconciled.
type state struct {
	Passes  int64     `json:"passes"`  // how often the hour was asked about
	Planned int       `json:"planned"` // passes of the plan that are done
	Retries int       `json:"retries"` // passes since the last one of the plan
	Same    int       `json:"same"`    // passes since the vendor's answer last changed
	Asked   time.Time `json:"asked"`   // when the last pass was, by the vendor's clock
	Changed bool      `json:"changed"` // documents were delivered since
	Stamped time.Time `json:"stamped"` // ObservedAt of the last pass
	Stated  statement `json:"stated"`
}

// statement is what was last emitted about an hour.
type statement struct {
	Verdict     record.Verdict         `json:"verdict"`
	Method      string                 `json:"method"`
	VendorCount int64                  `json:"vendor_count"`
	Observed    int64                  `json:"observed"`
	Ignored     int64                  `json:"ignored"`
	Quarantined int64                  `json:"quarantined"`
	Missing     int64                  `json:"missing"`
	Digest      record.DocumentsDigest `json:"digest"`
}

const (
	stateVersion = 1
	keyFirst     = "first"
	stateBatch   = 256 // states read at once
)

func stateKey(h Hour) string { return "state/" + h.key() }

func (s *state) operation(h Hour) *storage.Operation {
	value, _ := json.Marshal(s) // plain values
	return storage.SetOperation(stateKey(h), envelope.Seal(stateVersion, value))
}

func loadFirst(ctx context.Context, client storage.Client) (first Hour, found bool, err error) {
	value, err := client.Get(ctx, keyFirst)
	if err != nil {
		return 0, false, fmt.Errorf("the first hour to reconcile cannot be read: %w", err)
	}
	payload, err := envelope.Open(stateVersion, value)
	if value == nil || err != nil || len(payload) != 8 {
		return 0, false, nil // as at the first start
	}
	return Hour(binary.LittleEndian.Uint64(payload)), true, nil
}

func storeFirst(ctx context.Context, client storage.Client, first Hour) error {
	value := envelope.Seal(stateVersion, binary.LittleEndian.AppendUint64(nil, uint64(first)))
	if err := client.Set(ctx, keyFirst, value); err != nil {
		return fmt.Errorf("the first hour to reconcile cannot be stored: %w", err)
	}
	return nil
}

// loadStates reads the states of the hours. One that is damaged is as none: the hour is
// reconciled once more.
func (d *Delivered) loadStates(ctx context.Context, from, until Hour) (map[Hour]*state, error) {
	states := map[Hour]*state{}
	for ; from < until; from += stateBatch {
		var operations []*storage.Operation
		for h := from; h < min(from+stateBatch, until); h++ {
			operations = append(operations, storage.GetOperation(stateKey(h)))
		}
		if err := d.client.Batch(ctx, operations...); err != nil {
			return nil, fmt.Errorf("how far the hours were reconciled cannot be read: %w", err)
		}
		for i, o := range operations {
			if o.Value == nil {
				continue
			}
			h, s := from+Hour(i), &state{}
			payload, err := envelope.Open(stateVersion, o.Value)
			if err == nil {
				err = json.Unmarshal(payload, s)
			}
			if err != nil {
				d.logger.Error("what was stored of the reconciliation of an hour is damaged; the hour is reconciled again",
					zap.Time("hour", h.Start()), zap.Error(err))
				continue
			}
			states[h] = s
		}
	}
	return states, nil
}

// next is the hour that is due next, see Config.next.
func (d *Delivered) next(cfg *Config, readUntil, now time.Time) (h Hour, s state, found bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for h = HourOf(readUntil) - 1; h >= d.first; h-- {
		s := state{}
		if known := d.states[h]; known != nil {
			s = *known
		}
		if cfg.due(h, &s, readUntil, now) {
			return h, s, true
		}
	}
	return 0, state{}, false
}

// done stores that an hour was asked about. Documents that were delivered after the
// statement was made keep the hour changed.
func (d *Delivered) done(ctx context.Context, h Hour, s state) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	set, err := d.set(ctx, h)
	if err != nil {
		return err
	}
	defer d.evict()
	s.Changed = set.summary.Digest != s.Stated.Digest || set.summary.Observed() != s.Stated.Observed ||
		set.summary.Ignored() != s.Stated.Ignored || set.summary.Quarantined() != s.Stated.Quarantined
	if err := d.client.Batch(ctx, s.operation(h)); err != nil {
		return fmt.Errorf("the reconciliation of an hour cannot be stored: %w", err)
	}
	d.states[h] = &s
	return nil
}

// expire forgets the hours before a time, of which the vendor keeps no documents.
func (d *Delivered) expire(ctx context.Context, before time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for ; d.first < HourOf(before); d.first++ {
		s, err := d.set(ctx, d.first)
		if err != nil {
			return err
		}
		operations := []*storage.Operation{storage.DeleteOperation(stateKey(d.first))}
		for n := range s.chunk + 1 {
			operations = append(operations, storage.DeleteOperation(chunkKey(d.first, n)))
		}
		value := envelope.Seal(stateVersion, binary.LittleEndian.AppendUint64(nil, uint64(d.first+1)))
		operations = append(operations, storage.SetOperation(keyFirst, value))
		if err := d.client.Batch(ctx, operations...); err != nil {
			return fmt.Errorf("the documents of an hour that the vendor no longer keeps cannot be deleted: %w", err)
		}
		d.forget(d.first)
		delete(d.states, d.first)
	}
	return nil
}
