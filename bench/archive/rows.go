package main

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// rows are the records of a simulated tenant.
type rows []*record.Record

// batchSize is about what the exporter writes at once in a flood.
const batchSize = 10_000

// newRows simulates a tenant, parses its documents and folds them.
func newRows(ctx context.Context, dir string, days int, now time.Time) (rows, error) {
	o := simulate.DefaultOptions()
	o.Out, o.From, o.To, o.Seed = dir, now.AddDate(0, 0, -days), now, 1
	if _, err := simulate.Run(ctx, o); err != nil {
		return nil, err
	}
	groups := map[string][]provisioning.Observation{}
	var order []string
	p := sailpoint.Parser{Tenant: "acme", Feed: provisioning.FeedFile}
	read := pcommon.NewTimestampFromTime(now.Add(time.Second))
	var result sailpoint.Result
	err := filepath.WalkDir(o.Inbox(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<22)
		for lines.Scan() {
			result.Reset()
			p.Parse(lines.Bytes(), read, &result)
			for _, o := range result.Observations {
				if groups[o.GroupID] == nil {
					order = append(order, o.GroupID)
				}
				groups[o.GroupID] = append(groups[o.GroupID], o)
			}
		}
		return errors.Join(lines.Err(), file.Close())
	})
	var all rows
	for _, id := range order {
		all = append(all, fold(groups[id])...)
	}
	return all, err
}

func fold(observations []provisioning.Observation) (all rows) {
	activities := provisioning.Resolve(observations)
	g := provisioning.Summarize(activities)
	seen := map[provisioning.ID]bool{}
	for i := range activities {
		a := &activities[i]
		for n := 1; n <= len(a.History); n++ {
			as := a.AsOf(n)
			r := record.New(&as)
			if seen[r.EventID] {
				continue
			}
			seen[r.EventID] = true
			r.GroupNumber, r.GroupStatus = g.Number, g.Status
			r.Version, r.Current = record.Version(n, false), true
			all = append(all, &r)
		}
	}
	return all
}

// batches yields the rows as those of other groups, so that they can be written
// again and again.
func (s rows) batches(turn int) iter.Seq[[]*record.Record] {
	return func(yield func([]*record.Record) bool) {
		documents := map[string]string{} // of this turn: each turn has its own
		for start := 0; start < len(s); start += batchSize {
			part := s[start:min(start+batchSize, len(s))]
			batch := make([]*record.Record, len(part))
			for i, r := range part {
				again := *r
				again.GroupID += "-" + strconv.Itoa(turn)
				again.EventID[0] ^= byte(turn)
				again.ActivityID[0] ^= byte(turn)
				if again.Original != "" {
					if documents[r.Original] == "" {
						documents[r.Original] = `{"turn":` + strconv.Itoa(turn) + "," + r.Original[1:]
					}
					again.Original = documents[r.Original]
				}
				batch[i] = &again
			}
			if !yield(batch) {
				return
			}
		}
	}
}
