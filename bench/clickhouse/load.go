package main

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// load is the records of a simulated tenant as the processor emits them.
type load struct {
	batches  [][]record.Record
	groups   plog.Logs // group records, which only provtrail stores
	records  int
	original int // bytes
}

func (l *load) jsonBytes() float64 { return float64(l.original) / float64(l.records) }

// batch makes new pdata. The records of a document share its text, as those that the
// processor emits.
func (l *load) batch(i int) plog.Logs {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	to.EnsureCapacity(len(l.batches[i]))
	for n := range l.batches[i] {
		record.WriteRecord(&l.batches[i][n], to.AppendEmpty())
	}
	return logs
}

func makeLoad(ctx context.Context, dir string, o options) (*load, error) {
	options := simulate.DefaultOptions()
	options.Out = filepath.Join(dir, "simulated")
	options.To = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	options.From = options.To.AddDate(0, 0, -7)
	options.GroupsPerDay = max(float64(o.events)/7/14, 50)
	if _, err := simulate.Run(ctx, options); err != nil {
		return nil, err
	}
	observations, err := parse(options.Inbox(), options.Tenant)
	if err != nil {
		return nil, err
	}
	records, groups := fold(observations)
	records = records[:min(len(records), o.events)]
	l := &load{records: len(records), groups: summaries(records, groups), batches: slices.Collect(slices.Chunk(records, o.batch))}
	for i := range records {
		l.original += len(records[i].Original)
	}
	return l, nil
}

// parse reads all documents; each was received a minute after its event.
func parse(inbox, tenant string) ([]provisioning.Observation, error) {
	parser := sailpoint.Parser{Tenant: tenant, Feed: provisioning.FeedFile}
	received := pcommon.NewTimestampFromTime(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
	var result sailpoint.Result
	for document, err := range simulate.Documents(inbox) {
		if err != nil {
			return nil, err
		}
		parser.Parse(document, received, &result)
	}
	for i := range result.Observations {
		if o := &result.Observations[i]; o.OccurredAt != 0 {
			o.ObservedAt = o.OccurredAt + pcommon.Timestamp(time.Minute)
		}
	}
	return result.Observations, nil
}

// fold makes a record of every observation, in order of receipt, and one of every group.
func fold(observations []provisioning.Observation) ([]record.Record, map[string]record.Group) {
	groups := map[string][]provisioning.Observation{}
	for _, o := range observations {
		groups[o.GroupID] = append(groups[o.GroupID], o)
	}
	seen := map[provisioning.ID]bool{}
	var records []record.Record
	summaries := map[string]record.Group{}
	for id, group := range groups {
		activities := provisioning.Resolve(group)
		summary := provisioning.Summarize(activities)
		summaries[id] = record.Group{Group: summary, Version: record.Version(len(group), false), ObservedAt: summary.LastAt}
		for i := range activities {
			for n := range activities[i].History {
				state := activities[i].AsOf(n + 1)
				r := record.New(&state)
				if seen[r.EventID] {
					continue
				}
				seen[r.EventID] = true
				r.Version, r.Current = record.Version(n+1, false), true
				r.GroupNumber, r.GroupStatus = summary.Number, summary.Status
				records = append(records, r)
			}
		}
	}
	slices.SortFunc(records, func(a, b record.Record) int {
		return cmp.Or(cmp.Compare(a.ObservedAt, b.ObservedAt), slices.Compare(a.EventID[:], b.EventID[:]))
	})
	return records, summaries
}

// summaries writes the group records of the groups that have activity records.
func summaries(records []record.Record, groups map[string]record.Group) plog.Logs {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	written := map[string]bool{}
	for i := range records {
		if id := records[i].GroupID; !written[id] {
			written[id] = true
			g := groups[id]
			record.WriteGroup(&g, to.AppendEmpty())
		}
	}
	return logs
}
