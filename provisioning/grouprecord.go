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

// Groups are the records of groups' summaries.
var Groups = newSchema(EventGroup, groupFields())

func groupFields() []FieldOf[GroupRecord] {
	type group = GroupRecord
	fields := []FieldOf[group]{
		{Column: "tenant", Few: true, Doc: "Organisation of the identity system.", Of: func(g *group) any { return &g.Tenant }},
		{Column: "group_id", Doc: "The vendor's tracking number = account activity id.", Of: func(g *group) any { return &g.ID }},
		{Column: "group_number", Doc: "Short number of the group, at most 53 bits.", Of: func(g *group) any { return &g.Number }},
		{Column: "group_status", Few: true, Doc: "Worst status of its activities.", Of: func(g *group) any { return &g.Status }},
		{Column: "version", Doc: "Orders the summaries of one group, as that of activity records does.", Of: func(g *group) any { return &g.Version }},
		{Column: "activities", Doc: "Number of activities.", Of: func(g *group) any { return &g.Activities }},
		{Column: "sources", Doc: "Sources touched, by name, or by id where no name is known.", Of: func(g *group) any { return &g.Sources }},
		{Column: "cause", Few: true, Doc: "What the action was.", Of: func(g *group) any { return &g.Cause }},
		{Column: "identity_id", Doc: "Person whose access changes.", Of: func(g *group) any { return &g.IdentityID }},
		{Column: "identity_name", Doc: "Name of that person.", Of: func(g *group) any { return &g.IdentityName }},
		{Column: "requester_name", Doc: "Name of who asked.", Of: func(g *group) any { return &g.Requester }},
		{Column: "first_at", Doc: "First observation.", Of: func(g *group) any { return &g.FirstAt }},
		{Column: "last_at", Doc: "Newest observation; also the LogRecord's Timestamp.", Of: func(g *group) any { return &g.LastAt }},
		{Column: "observed_at", Doc: "When the newest observation was received.", Of: func(g *group) any { return &g.ObservedAt }},
	}
	for s := range statusCount {
		doc := "Number of activities that are " + s.String() + "."
		if s == StatusUnset {
			doc = "Number of activities of which only unknown words were said."
		}
		fields = append(fields, FieldOf[group]{Column: CountColumn(s), Doc: doc, Of: func(g *group) any { return &g.Counts[s] }})
	}
	return fields
}

// CountColumn is the column that holds how many activities have the status:
// "failed_count".
func CountColumn(s Status) string {
	if s == StatusUnset {
		return "unknown_count"
	}
	return strings.ReplaceAll(strings.ToLower(s.String()), " ", "_") + "_count"
}

// WriteGroup writes g.
func WriteGroup(g *GroupRecord, to plog.LogRecord) {
	Groups.write(g, to, typicalOfOthers)
	to.SetTimestamp(g.LastAt)
	to.SetTraceID(TraceID(g.Tenant, g.ID))
	setSeverity(to, g.Status, false)
	to.Body().SetStr("Group " + g.ID + " is " + g.Status.String())
}

// ReadGroup reads what WriteGroup wrote into g, which it clears first.
func ReadGroup(from plog.LogRecord, g *GroupRecord) error {
	*g = GroupRecord{}
	if from.EventName() != EventGroup {
		return ErrNotGroup
	}
	return Groups.read(from, g)
}
