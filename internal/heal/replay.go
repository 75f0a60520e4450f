package heal

import (
	"context"
	"errors"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/errorclass"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Replay folds the archived observations again, with today's rules, dialect and error table,
// and finds the activities whose newest state is another one.
type Replay struct {
	From   *archive.View
	Filter Filter // of the groups: those of which a record matches
	// PassedStatus is what a trigger's SUCCESS and an event's PASSED say, as in the receiver.
	PassedStatus provisioning.Status
	Errors       *errorclass.Classifier
	// Reason begins the reason of the new states.
	Reason string
	// Progress may be nil.
	Progress Progress
}

// Replayed is what a replay read.
type Replayed struct {
	Observations int64 // folded
	Reread       int64 // of which the vendor's document was read again
	Activities   int64
	Changed      int64 // activities
	Erased       int64 // groups of forgotten persons, which are left as they are
	// Epoch is that of the new states' versions: above that of every archived one.
	Epoch uint32
}

// replayedType marks observations as today's dialect reads them, in partitions.
const replayedType record.Type = "replayed"

// Run calls f with the changes of each group that has some.
func (p *Replay) Run(ctx context.Context, f func(*GroupChange) error) (done Replayed, err error) {
	if p.Progress == nil {
		p.Progress = func(string, int64, int64) {}
	}
	documents := reader{passed: p.PassedStatus}
	var parts *partitions
	var highest uint64
	var again record.Record
	parts, err = collect(ctx, p.From, nil, func(r *record.Record, add func(*record.Record) error) error {
		highest = max(highest, r.Version)
		if r.RecordType == record.TypeObservation && !archive.IsErased(r) {
			o, reread, err := documents.observation(r)
			if err != nil {
				return err
			}
			if reread {
				done.Reread++
			}
			again = record.Record{
				Observation: o, RecordType: replayedType, ActivityID: r.ActivityID, Version: r.Version, GroupNumber: r.GroupNumber,
			}
			if err := add(&again); err != nil {
				return err
			}
		}
		r.Original = ""
		return add(r)
	}, p.Progress)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, parts.Close()) }()
	done.Epoch = uint32(highest>>32) + 1
	matched := false
	err = parts.groups(ctx, func(records []record.Record) error {
		if !p.wants(records) {
			return nil
		}
		matched = true
		if erased(records) { // it is left as it is
			done.Erased++
			return nil
		}
		g := p.fold(records, done.Epoch)
		done.Observations += int64(g.observations)
		done.Activities += int64(len(g.after))
		if len(g.Changes) == 0 {
			return nil
		}
		done.Changed += int64(len(g.Changes))
		return f(g)
	})
	if err == nil && !matched {
		err = ErrNothing
	}
	return done, err
}

func (p *Replay) wants(records []record.Record) bool {
	for i := range records {
		if r := &records[i]; r.RecordType != replayedType && p.Filter.includes(r) && p.Filter.matches(r) {
			return true
		}
	}
	return false
}

// GroupChange is what a replay changes in one group.
type GroupChange struct {
	Changes []Change
	// Summary is the group's new summary.
	Summary record.Group

	after        []provisioning.Activity
	observations int
}

// fold resolves a group again and compares its activities with their newest states.
func (p *Replay) fold(records []record.Record, epoch uint32) *GroupChange {
	var replayed, stored []record.Record
	for i := range records {
		if records[i].RecordType == replayedType {
			replayed = append(replayed, records[i])
		} else {
			stored = append(stored, records[i])
		}
	}
	// A processor that had lost its state may have put an observation into another activity than
	// before: the state that its first copy made stands too.
	before, events := newestStates(stored), map[provisioning.ID][]provisioning.ID{}
	for i := range replayed {
		events[replayed[i].ActivityID] = append(events[replayed[i].ActivityID], replayed[i].EventID)
	}
	replayed, stored = distinct(replayed), distinct(stored)
	observations := make([]provisioning.Observation, len(replayed))
	for i := range replayed {
		observations[i] = replayed[i].Observation
		if o := &observations[i]; o.OccurredAt == 0 {
			o.ObservedAt = firstReceipt(o, replayed[i].ActivityID, stored)
		}
	}
	g := &GroupChange{after: provisioning.Resolve(observations), observations: len(observations)}
	name(g.after, stored)
	g.Summary.Group = provisioning.Summarize(g.after)
	g.Summary.ObservedAt = newest(observations)
	var low uint64
	for i := range stored {
		low = max(low, stored[i].Version&(1<<32-1))
	}
	version := uint64(epoch)<<32 | revision(low)
	g.Summary.Version = version

	for i := range g.after {
		a := &g.after[i]
		now := record.New(a)
		now.OccurredAt = a.KnownAt()
		if p.Errors != nil {
			p.Errors.Describe(&now)
		}
		now.GroupNumber, now.GroupStatus = g.Summary.Number, g.Summary.Status
		was := before[a.ID]
		delete(before, a.ID)
		if was != nil && was.Status == now.Status && sameMicro(was.StatusSince, now.StatusSince) {
			now.Stalled, now.Overdue = was.Stalled, was.Overdue
		}
		g.compare(was, now, version, p.Reason)
	}
	for _, was := range before {
		if was.FoldedInto.IsZero() && len(g.after) > 0 {
			gone := *was
			gone.FoldedInto = g.target(events[was.ActivityID])
			g.compare(was, gone, version, p.Reason)
		}
	}
	return g
}

// newestStates are the newest state of each activity.
func newestStates(stored []record.Record) map[provisioning.ID]*record.Record {
	newest := map[provisioning.ID]*record.Record{}
	for i := range stored {
		r := &stored[i]
		if was := newest[r.ActivityID]; r.Current && (was == nil || was.Version <= r.Version) {
			state := *r
			newest[r.ActivityID] = &state
		}
	}
	return newest
}

// target is the activity that has one of the events of another that stands no more.
func (g *GroupChange) target(events []provisioning.ID) provisioning.ID {
	for i := range g.after {
		if slices.ContainsFunc(g.after[i].History, func(s provisioning.Step) bool { return slices.Contains(events, s.EventID) }) {
			return g.after[i].ID
		}
	}
	return g.after[0].ID
}

func sameMicro(a, b pcommon.Timestamp) bool { return a/1000 == b/1000 }
