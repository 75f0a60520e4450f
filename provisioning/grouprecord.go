package provisioning

import (
	"errors"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// GroupRecord is what a LogRecord with EventName EventGroup says: the group's
// summary changed.
type GroupRecord struct {
	Group
	Version    uint64 // as in Record: orders the summaries of one group
	ObservedAt pcommon.Timestamp
}

// ErrNotGroup is returned for a LogRecord of another EventName.
var ErrNotGroup = errors.New("not a " + EventGroup + " record")

const (
	attributeGroupID      = AttributePrefix + "group_id"
	attributeGroupNumber  = AttributePrefix + "group_number"
	attributeGroupStatus  = AttributePrefix + "group_status"
	attributeVersion      = AttributePrefix + "version"
	attributeActivities   = AttributePrefix + "activities"
	attributeSources      = AttributePrefix + "sources"
	attributeCause        = AttributePrefix + "cause"
	attributeIdentityID   = AttributePrefix + "identity_id"
	attributeIdentityName = AttributePrefix + "identity_name"
	attributeRequester    = AttributePrefix + "requester_name"
	attributeFirstAt      = AttributePrefix + "first_at"
	attributeLastAt       = AttributePrefix + "last_at"
)

// countAttribute is the attribute (and column) of a status' count: "failed_count".
var countAttributes = func() (names [statusCount]string) {
	for s := range statusCount {
		word := strings.ReplaceAll(strings.ToLower(s.String()), " ", "_")
		if s == StatusUnset {
			word = "unknown"
		}
		names[s] = AttributePrefix + word + "_count"
	}
	return names
}()

// CountColumn is the column that holds how many activities have the status.
func CountColumn(s Status) string { return strings.TrimPrefix(countAttributes[s], AttributePrefix) }

// WriteGroup writes g.
func WriteGroup(g *GroupRecord, to plog.LogRecord) {
	to.SetEventName(EventGroup)
	to.SetTimestamp(g.LastAt)
	to.SetObservedTimestamp(g.ObservedAt)
	to.SetTraceID(TraceID(g.Tenant, g.ID))
	setSeverity(to, g.Status, false)
	to.Body().SetStr("Group " + g.ID + " is " + g.Status.String())
	attrs := to.Attributes()
	attrs.EnsureCapacity(len(countAttributes) + 12)
	putText(attrs, attributeTenant, g.Tenant)
	putText(attrs, attributeGroupID, g.ID)
	attrs.PutInt(attributeGroupNumber, g.Number)
	putText(attrs, attributeGroupStatus, g.Status.String())
	putInt(attrs, attributeVersion, int64(g.Version)) //nolint:gosec // a count of observations
	putInt(attrs, attributeActivities, int64(g.Activities))
	for s, n := range g.Counts {
		putInt(attrs, countAttributes[s], int64(n))
	}
	sources := attrs.PutEmptySlice(attributeSources)
	for _, s := range g.Sources {
		sources.AppendEmpty().SetStr(s)
	}
	putText(attrs, attributeCause, g.Cause)
	putText(attrs, attributeIdentityID, g.IdentityID)
	putText(attrs, attributeIdentityName, g.IdentityName)
	putText(attrs, attributeRequester, g.Requester)
	putInt(attrs, attributeFirstAt, int64(g.FirstAt)) //nolint:gosec // at most MaxTime
	putInt(attrs, attributeLastAt, int64(g.LastAt))   //nolint:gosec // at most MaxTime
}

// ReadGroup reads what WriteGroup wrote.
func ReadGroup(from plog.LogRecord, g *GroupRecord) (err error) {
	*g = GroupRecord{ObservedAt: from.ObservedTimestamp()}
	if from.EventName() != EventGroup {
		return ErrNotGroup
	}
	attrs := from.Attributes()
	text, number := readers(attrs)
	g.Tenant, g.ID, g.Number = text(attributeTenant), text(attributeGroupID), number(attributeGroupNumber)
	g.Status, err = ParseStatus(text(attributeGroupStatus))
	g.Version = uint64(max(number(attributeVersion), 0))
	g.Activities = int(number(attributeActivities))
	for s := range g.Counts {
		g.Counts[s] = int(number(countAttributes[s]))
	}
	if v, ok := attrs.Get(attributeSources); ok && v.Type() == pcommon.ValueTypeSlice {
		for i := range v.Slice().Len() {
			g.Sources = append(g.Sources, v.Slice().At(i).AsString())
		}
	}
	g.Cause, g.Requester = text(attributeCause), text(attributeRequester)
	g.IdentityID, g.IdentityName = text(attributeIdentityID), text(attributeIdentityName)
	g.FirstAt = pcommon.Timestamp(max(number(attributeFirstAt), 0))
	g.LastAt = pcommon.Timestamp(max(number(attributeLastAt), 0))
	return err
}
