// Package change finds what is to be told when a group's state changed. It is
// pure: from the state before and after follows, always, the same answer.
package change

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/state"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Change is what is to be told.
type Change struct {
	// Records are the observations' own records (the first len(Observed)), then
	// the states of further activities, then those that no longer stand.
	Records []record.Record
	// Observed are the arrivals that the first records belong to.
	Observed []int
	// Summary is the group's new summary, nil where it is as before.
	Summary *record.Group

	Before, After []provisioning.Activity
	// Whole says that all activities were told, changed or not.
	Whole bool
}

// Input is what a change follows from.
type Input struct {
	Before, After *state.Group
	// Arrivals are what was merged and Added the indexes of those that were new,
	// in the order in which After has them.
	Arrivals []*provisioning.Observation
	Added    []int
	// Moved says that After differs from Before by more than what was added.
	Moved bool
	// Generation grows with every crash and failure, see Version.
	Generation uint32
	// Since is the generation that the last crash or failure began.
	Since uint32
	// Taken says that another collector told of the group last. Before is then what
	// this one knew.
	Taken bool
	// Doubt is when something was last told that may not be in the state, 0 for
	// never.
	Doubt      pcommon.Timestamp
	Thresholds *Thresholds
}

// Version orders what is told of a group's activities. Within a generation it is
// record.Version of the group's revision. What was told before a crash may
// be of a larger set than what is told first after it, when the observations come
// again in another order; the generation puts what is told later above it.
func Version(generation uint32, revision int, flagged bool) uint64 {
	return uint64(generation)<<32 | record.Version(revision, flagged)
}

// Find compares the states.
func Find(in Input) Change {
	f := finder{Input: in}
	f.resolve()
	f.before, f.after = NewLookup(f.Change.Before), NewLookup(f.Change.After)
	summary := provisioning.Summarize(f.Change.After)
	f.status, f.number = summary.Status, summary.Number

	f.doubtful = f.inDoubt()
	current := f.observations()
	for i := range f.Change.After {
		if !current[i] {
			f.state(&f.Change.After[i])
		}
	}
	for i := range f.Change.Before {
		f.gone(&f.Change.Before[i])
	}
	f.doubts()
	f.Whole = f.retell() || len(in.Before.Observations) == 0
	if before := provisioning.Summarize(f.Change.Before); f.retell() || !same(&before, &summary) {
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
	if !f.Moved && !f.Taken && extends(after, before) {
		f.Change.Before, f.Change.After = provisioning.ResolveBoth(after, len(before))
		return
	}
	f.Change.Before, f.Change.After = provisioning.Resolve(before), provisioning.Resolve(after)
}

// extends reports whether after is before with more behind it. A group that has borrowed
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
	before   Lookup
	after    Lookup
	status   provisioning.Status
	number   int64
	doubtful bool
}

func (f *finder) version(flagged bool) uint64 {
	return Version(f.Generation, f.Input.After.Revision(), flagged)
}

// observations makes the one record of each added observation: its step in the
// first activity that has it. It returns which activities are told as they stand.
func (f *finder) observations() (current []bool) {
	current = make([]bool, len(f.Change.After))
	left := len(f.Added)
	if left == 0 {
		return current
	}
	f.Records = make([]record.Record, 0, left)
	f.Observed = make([]int, 0, left)
	fresh := f.Input.After.Observations[len(f.Input.After.Observations)-left:]
	told := make([]bool, left)
	index := indexOf(fresh)
	for i := range f.Change.After {
		a := &f.Change.After[i]
		for n := range a.History {
			at := index(a.History[n].Observation)
			if at < 0 || told[at] {
				continue
			}
			told[at] = true
			f.observation(a, n, f.Added[at])
			current[i] = current[i] || n == len(a.History)-1
		}
	}
	return current
}

// indexOf returns a function that finds an observation in the slice it points
// into, -1 for one that does not.
func indexOf(in []provisioning.Observation) func(*provisioning.Observation) int {
	if len(in) > walked {
		index := make(map[*provisioning.Observation]int, len(in))
		for i := range in {
			index[&in[i]] = i
		}
		return func(o *provisioning.Observation) int {
			if i, ok := index[o]; ok {
				return i
			}
			return -1
		}
	}
	return func(o *provisioning.Observation) int {
		for i := range in {
			if &in[i] == o {
				return i
			}
		}
		return -1
	}
}

func (f *finder) observation(a *provisioning.Activity, step, arrival int) {
	asOf := a
	if step < len(a.History)-1 {
		before := a.AsOf(step + 1)
		asOf = &before
	}
	r := f.add(asOf)
	r.Original = f.Arrivals[arrival].Original
	r.Current = step == len(a.History)-1
	flagged := r.Current && f.flag(r, a)
	r.Version = f.version(flagged)
	f.Observed = append(f.Observed, arrival)
}

// state tells an activity whose state changed without an observation being told
// as its newest step.
func (f *finder) state(a *provisioning.Activity) {
	before := f.before.Find(a.ID)
	flagged := f.Thresholds.Flagged(a, f.Input.After.Checked)
	if before != nil && !f.retell() && flagged == f.Thresholds.Flagged(before, f.Input.Before.Checked) && !f.differs(before, a) {
		return
	}
	r := f.add(a)
	f.flag(r, a)
	r.AsState(f.version(flagged))
}

func (f *finder) differs(before, after *provisioning.Activity) bool {
	if f.Moved {
		return record.New(before) != record.New(after)
	}
	return !slices.EqualFunc(before.History, after.History, func(a, b provisioning.Step) bool { return a.EventID == b.EventID })
}

// gone tells that an activity no longer stands: a finer one took it in.
func (f *finder) gone(a *provisioning.Activity) {
	if f.after.Find(a.ID) != nil {
		return
	}
	r := f.add(a)
	r.AsState(f.version(false))
	r.FoldedInto = heir(f.Change.After, a)
}

// add appends the record of an activity, which stays where it is until the next.
func (f *finder) add(a *provisioning.Activity) *record.Record {
	f.Records = append(f.Records, record.Record{})
	r := &f.Records[len(f.Records)-1]
	r.Describe(a)
	r.GroupNumber, r.GroupStatus = f.number, f.status
	return r
}

func (f *finder) flag(r *record.Record, a *provisioning.Activity) bool {
	flagged := f.Thresholds.Flagged(a, f.Input.After.Checked)
	r.Stalled = flagged && a.Status.Open()
	r.Overdue = flagged && !a.Status.Open()
	return flagged
}

// heir is the first activity that has an observation of the one that is gone.
func heir(activities []provisioning.Activity, gone *provisioning.Activity) provisioning.ID {
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
