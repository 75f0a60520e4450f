package archivetest

import (
	"cmp"
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/errorclass"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Simulated simulates the days of a tenant before now, with its files below a directory, and
// returns its records, see Tenant.
func Simulated(ctx context.Context, dir string, days int, now time.Time) (all []*record.Record, err error) {
	o := simulate.DefaultOptions()
	o.Out, o.From, o.To, o.Seed = dir, now.AddDate(0, 0, -days), now, 1
	return Tenant(ctx, o)
}

// Tenant simulates a tenant and returns one record for each observation in its documents,
// as if all had been received a second after the tenant's time.
func Tenant(ctx context.Context, o simulate.Options) (all []*record.Record, err error) {
	if _, err := simulate.Run(ctx, o); err != nil {
		return nil, err
	}
	groups, names := map[string][]provisioning.Observation{}, map[string]string{}
	var order []string
	p := sailpoint.Parser{Tenant: "acme", Feed: provisioning.FeedFile}
	read := pcommon.NewTimestampFromTime(o.To.Add(time.Second))
	var result sailpoint.Result
	for document, err := range simulate.Documents(o.Inbox()) {
		if err != nil {
			return nil, err
		}
		result.Reset()
		p.Parse(document, read, &result)
		for _, o := range result.Observations {
			if o.SourceID != "" && o.SourceName != "" {
				names[o.SourceID] = o.SourceName
			}
			if groups[o.GroupID] == nil {
				order = append(order, o.GroupID)
			}
			groups[o.GroupID] = append(groups[o.GroupID], o)
		}
	}
	classifier, err := errorclass.Extend(nil)
	if err != nil {
		return nil, err
	}
	for _, id := range order {
		for i := range groups[id] { // documents of the REST API have no names of sources
			is := &groups[id][i]
			is.SourceName = cmp.Or(is.SourceName, names[is.SourceID])
		}
		all = append(all, history(groups[id], classifier)...)
	}
	return all, nil
}

// history returns one record for each observation of a group, and a state record for each
// activity whose newest observation has the record of another activity.
func history(observations []provisioning.Observation, classifier *errorclass.Classifier) (all []*record.Record) {
	activities := provisioning.Resolve(observations)
	g := provisioning.Summarize(activities)
	seen := map[provisioning.ID]bool{}
	for i := range activities {
		a := &activities[i]
		for n := 1; n <= len(a.History); n++ {
			as := a.AsOf(n)
			r := record.New(&as)
			r.GroupNumber, r.GroupStatus = g.Number, g.Status
			r.Version, r.Current = record.Version(n, false), true
			if seen[r.EventID] {
				if n < len(a.History) {
					continue
				}
				r.AsState(r.Version)
			}
			seen[r.EventID] = true
			classifier.Describe(&r)
			all = append(all, &r)
		}
	}
	return all
}
