// Package change finds what is to be emitted when a group's state changed. It is pure:
// the same states before and after, and the same names, always give the same change.
package change

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/state"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/errorclass"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Change is what is to be emitted.
type Change struct {
	// Records are the observations' own records (the first len(Observed)), then
	// the states of further activities, then tombstones.
	Records []record.Record
	// Observed are the arrivals that the first records belong to.
	Observed []int
	// Again are the arrivals among them whose observation was emitted before: they made it
	// fuller.
	Again map[int]bool
	// Summary is the group's new summary, nil where it is as before.
	Summary *record.Group

	Before, After []provisioning.Activity
	// Full says that all activities were emitted, changed or not.
	Full bool
}

// Input is what a change follows from.
type Input struct {
	// Before and After are the states. Find sets the names of After and counts changed
	// names as a revision of it.
	Before, After *state.Group
	// Arrivals are what was merged and Added the indexes of those that were new,
	// in the order in which After has them.
	Arrivals []*provisioning.Observation
	Added    []int
	// Fuller are the arrivals that were merged into observations that Before has.
	Fuller []state.Copy
	// Moved says that After differs from Before by more than what was added.
	Moved bool
	// SourceName returns the name of a source of which only the id is known in the group,
	// empty where no name is known.
	SourceName func(id string) string
	// Correcting says that the group is evaluated because a name became known.
	Correcting bool
	// Epoch grows with every crash and failure, see Version.
	Epoch uint32
	// EpochStart is the epoch that the last crash or failure began.
	EpochStart uint32
	// Adopted says that another collector emitted the group last. Before is then what
	// this one knew.
	Adopted bool
	// LastInterruption is when something was last emitted that may not be in the state,
	// 0 for never.
	LastInterruption pcommon.Timestamp
	Thresholds       *Thresholds
	// Errors says what kind of error a failed change met; nil says nothing.
	Errors *errorclass.Classifier
}

// Version orders what is emitted of a group's activities. Within an epoch it is
// record.Version of the group's revision. What was emitted before a crash may be of a
// larger set than what is emitted first after it, when the observations come again in
// another order; the epoch puts what is emitted later above it.
func Version(epoch uint32, revision int, flagged bool) uint64 {
	return uint64(epoch)<<32 | record.Version(revision, flagged)
}

// Find compares the states.
func Find(in Input) Change {
	f := finder{Input: in}
	f.resolve()
	f.name()
	f.before, f.after = NewLookup(f.Change.Before), NewLookup(f.Change.After)
	summary := provisioning.Summarize(f.Change.After)
	f.status, f.number = summary.Status, summary.Number

	f.maybeEmitted = f.isMaybeEmitted()
	current := f.observations()
	for i := range f.Change.After {
		if !current[i] {
			f.state(&f.Change.After[i])
		}
	}
	for i := range f.Change.Before {
		f.tombstone(&f.Change.Before[i])
	}
	f.withdraw()
	f.Full = f.reEmit() || len(in.Before.Observations) == 0
	if before := provisioning.Summarize(f.Change.Before); f.reEmit() || !same(&before, &summary) {
		f.Summary = &record.Group{
			Group: summary, Version: f.version(false), ObservedAt: newestReceipt(in.After.Observations),
		}
	}
	return f.Change
}

// resolve makes the activities. Where nothing but arrivals was added, what the two states
// have in common is resolved once.
func (f *finder) resolve() {
	before, after := f.Input.Before.Observations, f.Input.After.Observations
	if !f.Moved && !f.Adopted && extends(after, before) {
		f.Change.Before, f.Change.After = provisioning.ResolveBoth(after, len(before))
		return
	}
	f.Change.Before, f.Change.After = provisioning.Resolve(before), provisioning.Resolve(after)
}

// extends reports whether after is before with more behind it. A group that has adopted
// observations may have lost some of them to its arrivals.
func extends(after, before []provisioning.Observation) bool {
	if len(after) < len(before) {
		return false
	}
	for i := range before {
		if after[i].EventID != before[i].EventID {
			return false
		}
	}
	return true
}

type finder struct {
	Input
	Change
	before       Lookup
	after        Lookup
	status       provisioning.Status
	number       int64
	maybeEmitted bool
}

func (f *finder) version(flagged bool) uint64 {
	return Version(f.Epoch, f.Input.After.Revision(), flagged)
}

// state emits an activity whose state changed without an observation being emitted as its
// newest step.
func (f *finder) state(a *provisioning.Activity) {
	before := f.before.Find(a.ID)
	flagged := f.Thresholds.Flagged(a, f.Input.After.Checked)
	if before != nil && !f.reEmit() && flagged == f.Thresholds.Flagged(before, f.Input.Before.Checked) && !f.differs(before, a) {
		return
	}
	r := f.add(a)
	f.flag(r, a)
	r.AsState(f.version(flagged))
	f.withdrawTransitions(r, a)
	r.OccurredAt = a.KnownAt()
}

// differs compares two states of an activity. Where nothing moved, a history is as before when it
// has the same observations, but one without a time of its own is dated by the others of its
// group.
func (f *finder) differs(before, after *provisioning.Activity) bool {
	timed := slices.ContainsFunc(after.History, func(s provisioning.Step) bool { return s.OccurredAt != 0 })
	if f.Moved || !timed {
		return record.New(before) != record.New(after) || before.KnownAt() != after.KnownAt()
	}
	return !slices.EqualFunc(before.History, after.History, func(a, b provisioning.Step) bool { return a.EventID == b.EventID })
}

// tombstone emits that an activity no longer stands: a finer one took it in.
func (f *finder) tombstone(a *provisioning.Activity) {
	if f.after.Find(a.ID) != nil {
		return
	}
	r := f.add(a)
	r.AsState(f.version(false))
	r.FoldedInto = foldTarget(f.Change.After, a)
}

// add appends the record of an activity, which stays where it is until the next.
func (f *finder) add(a *provisioning.Activity) *record.Record {
	f.Records = append(f.Records, record.Record{})
	r := &f.Records[len(f.Records)-1]
	r.Describe(a)
	if f.Errors != nil {
		f.Errors.Describe(r)
	}
	r.GroupNumber, r.GroupStatus = f.number, f.status
	return r
}

// withdrawTransitions has the record of an activity's newest state say which transitions of
// the state before it are not its own.
func (f *finder) withdrawTransitions(r *record.Record, a *provisioning.Activity) {
	if before := f.before.Find(a.ID); before != nil {
		var was record.Record
		was.DescribeTimes(before)
		r.Withdraw(&was)
	}
}

func (f *finder) flag(r *record.Record, a *provisioning.Activity) bool {
	flagged := f.Thresholds.Flagged(a, f.Input.After.Checked)
	r.Stalled = flagged && a.Status.Open()
	r.Overdue = flagged && !a.Status.Open()
	return flagged
}

// foldTarget is the first activity that has an observation of one that no longer stands.
func foldTarget(activities []provisioning.Activity, gone *provisioning.Activity) provisioning.ID {
	for i := range activities {
		for _, s := range activities[i].History {
			if slices.ContainsFunc(gone.History, func(g provisioning.Step) bool { return g.EventID == s.EventID }) {
				return activities[i].ID
			}
		}
	}
	return provisioning.ID{}
}

func same(a, b *provisioning.Group) bool {
	return a.Status == b.Status && a.Counts == b.Counts && a.Activities == b.Activities &&
		a.ID == b.ID && a.Cause == b.Cause && a.Requester == b.Requester &&
		a.IdentityID == b.IdentityID && a.IdentityName == b.IdentityName &&
		a.FirstAt == b.FirstAt && a.LastAt == b.LastAt && slices.Equal(a.Sources, b.Sources)
}

func newestReceipt(observations []provisioning.Observation) (at pcommon.Timestamp) {
	for i := range observations {
		at = max(at, observations[i].ObservedAt)
	}
	return at
}
