package heal

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/provtrail/provtrail/provisioning/record"
)

// Change is what a replay changes of one activity.
type Change struct {
	Tenant     string          `json:"tenant"`
	GroupID    string          `json:"group_id"`
	ActivityID string          `json:"activity_id"`
	Kind       ChangeKind      `json:"change"`
	Columns    []ChangedColumn `json:"columns"`

	// Record is the new state, which supersedes the old one.
	Record record.Record `json:"-"`
}

// ChangeKind is how an activity changes.
type ChangeKind string

// The kinds of changes.
const (
	ChangedState  ChangeKind = "changed"
	NewActivity   ChangeKind = "new"    // no state of it is archived
	GoneActivity  ChangeKind = "folded" // it stands no more: another one took it in
	UnfoldedState ChangeKind = "unfolded"
)

// ChangedColumn is an old and a new value.
type ChangedColumn struct {
	Column string `json:"column"`
	Old    string `json:"old"`
	New    string `json:"new"`
}

// notCompared are columns that tell records apart and not states, and those that are of the
// group.
var notCompared = []string{
	"record_type", "event_id", "version", "current", "reason", "withdrawn", "reported_overrides", "original", "observed_at", "group_status", "group_number",
}

// compare adds the change from a state to another one; was is nil where there was none.
func (g *GroupChange) compare(was *record.Record, now record.Record, version uint64, reason string) {
	c := Change{Tenant: now.Tenant, GroupID: now.GroupID, ActivityID: now.ActivityID.String(), Kind: ChangedState}
	old := &record.Record{}
	switch {
	case was == nil:
		c.Kind = NewActivity
	case !now.FoldedInto.IsZero():
		c.Kind, old = GoneActivity, was
	case !was.FoldedInto.IsZero():
		c.Kind, old = UnfoldedState, was
	default:
		old = was
	}
	var names []string
	for i := range record.Fields {
		f := &record.Fields[i]
		if slices.Contains(notCompared, f.Column) {
			continue
		}
		if before, after := valueOf(f, old), valueOf(f, &now); before != after {
			c.Columns = append(c.Columns, ChangedColumn{f.Column, before, after})
			names = append(names, f.Column)
		}
	}
	if len(c.Columns) == 0 {
		return
	}
	now.AsState(version)
	if was != nil {
		now.Withdraw(was)
	}
	now.Reason = reason + ": " + strings.Join(names, ", ")
	c.Record = now
	g.Changes = append(g.Changes, c)
}

// valueOf is a value as people read it, at the resolution of the stores.
func valueOf(f *record.Field, r *record.Record) string {
	switch f.Value {
	case record.ValueText, record.ValueID, record.ValueStatus:
		return strings.ToValidUTF8(f.Word(r), "\uFFFD")
	case record.ValueBool:
		return strconv.FormatBool(f.Number(r) != 0)
	case record.ValueTime:
		if n := f.Number(r) / 1000; n != 0 {
			return time.UnixMicro(n).UTC().Format("2006-01-02T15:04:05.999999Z")
		}
		return ""
	default:
		return strconv.FormatInt(f.Number(r), 10)
	}
}
