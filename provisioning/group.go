package provisioning

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Group is the summary of all activities that result from one action.
type Group struct {
	Tenant string
	ID     string
	Number int64
	Status Status // the worst of its activities
	Counts [StatusCount]int64

	Activities   int64
	Sources      []string // names, or ids where no name is known; sorted, distinct
	Cause        string
	IdentityID   string
	IdentityName string
	Requester    string

	FirstAt pcommon.Timestamp
	LastAt  pcommon.Timestamp
}

// Summarize makes the summary of a group from all its activities.
func Summarize(activities []Activity) Group {
	var g Group
	for i := range activities {
		a := &activities[i]
		if i == 0 {
			g.Tenant, g.ID, g.Number = a.Key.Tenant, a.Key.GroupID, GroupNumber(a.Key.Tenant, a.Key.GroupID)
			g.FirstAt = a.FirstAt
		}
		g.Activities++
		g.Counts[a.Status]++
		g.FirstAt, g.LastAt = min(g.FirstAt, a.FirstAt), max(g.LastAt, a.LastAt)
		source := a.SourceName
		if source == "" {
			source = a.SourceID
		}
		if at, found := slices.BinarySearch(g.Sources, source); source != "" && !found {
			g.Sources = slices.Insert(g.Sources, at, source)
		}
		last(&g.Cause, a.Cause)
		last(&g.IdentityID, a.IdentityID)
		last(&g.IdentityName, a.IdentityName)
		last(&g.Requester, a.RequesterName)
	}
	for _, s := range Statuses {
		if g.Counts[s] > 0 {
			g.Status = s
			break
		}
	}
	return g
}
