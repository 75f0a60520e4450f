package record

import (
	"errors"
	"strings"

	"github.com/provtrail/provtrail/provisioning"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Group is what a LogRecord with EventName EventGroup holds: the group's
// summary changed.
type Group struct {
	provisioning.Group
	Version    uint64 // as in Record: orders the summaries of one group
	ObservedAt pcommon.Timestamp
}

// ErrNotGroup is returned for a LogRecord of another EventName.
var ErrNotGroup = errors.New("not a " + EventGroup + " record")

// Groups are the records of groups' summaries.
var Groups = newSchema(EventGroup, groupFields())

func groupFields() []FieldOf[Group] {
	type group = Group
	fields := []FieldOf[group]{
		{Column: "tenant", LowCardinality: true, Doc: "Organisation of the identity system.", Pointer: func(g *group) any { return &g.Tenant }},
		{Column: "group_id", Doc: "The vendor's tracking number = account activity id.", Pointer: func(g *group) any { return &g.ID }},
		{Column: "group_number", Doc: "Short number of the group, at most eleven digits: a label, not a key.", Pointer: func(g *group) any { return &g.Number }},
		{Column: "group_status", LowCardinality: true, Doc: "Worst status of its activities.", Pointer: func(g *group) any { return &g.Status }},
		{Column: "version", Doc: "Orders the summaries of one group, as that of activity records does.", Pointer: func(g *group) any { return &g.Version }},
		{Column: "activities", Doc: "Number of activities.", Pointer: func(g *group) any { return &g.Activities }},
		{Column: "sources", Doc: "Sources touched, by name, or by id where no name is known.", Pointer: func(g *group) any { return &g.Sources }},
		{Column: "cause", LowCardinality: true, Doc: "What the action was.", Pointer: func(g *group) any { return &g.Cause }},
		{Column: "identity_id", Doc: "Person whose access changes.", Pointer: func(g *group) any { return &g.IdentityID }},
		{Column: "identity_name", Doc: "Name of that person.", Pointer: func(g *group) any { return &g.IdentityName }},
		{Column: "requester_name", Doc: "Name of who asked.", Pointer: func(g *group) any { return &g.Requester }},
		{Column: "first_at", Doc: "First observation.", Pointer: func(g *group) any { return &g.FirstAt }},
		{Column: "last_at", Doc: "Newest observation; also the LogRecord's Timestamp.", Pointer: func(g *group) any { return &g.LastAt }},
		{Column: "observed_at", Doc: "When the newest observation was received.", Pointer: func(g *group) any { return &g.ObservedAt }},
	}
	for s := range provisioning.StatusCount {
		doc := "Number of activities that are " + s.String() + "."
		if s == provisioning.StatusUnset {
			doc = "Number of activities of which only unknown words were reported."
		}
		fields = append(fields, FieldOf[group]{Column: CountColumn(s), Doc: doc, Pointer: func(g *group) any { return &g.Counts[s] }})
	}
	return fields
}

// CountColumn is the column that holds how many activities have the status:
// "failed_count".
func CountColumn(s provisioning.Status) string {
	if s == provisioning.StatusUnset {
		return "unknown_count"
	}
	return strings.ReplaceAll(strings.ToLower(s.String()), " ", "_") + "_count"
}

// WriteGroup writes g.
func WriteGroup(g *Group, to plog.LogRecord) {
	Groups.write(g, to, otherAttributes)
	to.SetTimestamp(g.LastAt)
	to.SetTraceID(provisioning.TraceID(g.Tenant, g.ID))
	setSeverity(to, g.Status, false)
	to.Body().SetStr("Group " + g.ID + " is " + g.Status.String())
}

// ReadGroup reads what WriteGroup wrote into g, which it clears first.
func ReadGroup(from plog.LogRecord, g *Group) error {
	*g = Group{}
	if from.EventName() != EventGroup {
		return ErrNotGroup
	}
	return Groups.read(from, g)
}
