package provisioningprocessor

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

var errRefused = errors.New("refused on command")

// sink keeps what the processor emits as an idempotent store does: the row with
// the highest version of each activity and group, one row per event id.
type sink struct {
	mu           sync.Mutex // guards everything below
	refuse       func(call int) (before, after bool)
	calls        int
	activities   map[provisioning.ID]record.Record
	groups       map[string]record.Group
	observations map[provisioning.ID]record.Record
	states       []record.Record
	statements   []record.Reconciliation
	others       []string // bodies of records of other event names
}

func newSink() *sink {
	return &sink{
		activities:   map[provisioning.ID]record.Record{},
		groups:       map[string]record.Group{},
		observations: map[provisioning.ID]record.Record{},
	}
}

func (*sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{MutatesData: true} }

func (s *sink) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var before, after bool
	if s.refuse != nil {
		before, after = s.refuse(s.calls)
	}
	s.calls++
	if before {
		return errRefused
	}
	for lr := range record.All(logs) {
		if err := s.keep(lr); err != nil {
			return err
		}
	}
	if after {
		return errRefused
	}
	return nil
}

func (s *sink) keep(lr plog.LogRecord) error {
	switch lr.EventName() {
	case record.EventActivity:
		var r record.Record
		if err := record.Read(lr, &r); err != nil {
			return err
		}
		switch r.RecordType {
		case record.TypeObservation:
			if known, ok := s.observations[r.EventID]; !ok || r.Version >= known.Version {
				s.observations[r.EventID] = r
			}
		case record.TypeState:
			s.states = append(s.states, r)
		default:
			return fmt.Errorf("record of type %q", r.RecordType)
		}
		if known, ok := s.activities[r.ActivityID]; r.Current && (!ok || r.Version >= known.Version) {
			s.activities[r.ActivityID] = r
		}
	case record.EventGroup:
		var g record.Group
		if err := record.ReadGroup(lr, &g); err != nil {
			return err
		}
		if known, ok := s.groups[g.ID]; !ok || g.Version >= known.Version {
			s.groups[g.ID] = g
		}
	case record.EventReconciliation:
		var r record.Reconciliation
		if err := record.ReadReconciliation(lr, &r); err != nil {
			return err
		}
		s.statements = append(s.statements, r)
	default:
		s.others = append(s.others, lr.Body().AsString())
	}
	return nil
}

func (s *sink) standing() map[provisioning.ID]record.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := map[provisioning.ID]record.Record{}
	for id, r := range s.activities {
		if r.FoldedInto.IsZero() {
			rows[id] = r
		}
	}
	return rows
}

// refusing has every call asked whether it is refused, before or after it took effect.
func (s *sink) refusing(refuse func(call int) (before, after bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

// gate holds the first batch until it is emitted to let go.
type gate struct {
	*sink
	hold  chan struct{}
	first bool
}

func (g *gate) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	if g.first {
		g.first = false
		<-g.hold
	}
	return g.sink.ConsumeLogs(ctx, logs)
}
