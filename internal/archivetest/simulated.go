package archivetest

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Simulated simulates the days of a tenant before now, with its files below a directory, and
// returns one record for each observation in its documents.
func Simulated(ctx context.Context, dir string, days int, now time.Time) (all []*record.Record, err error) {
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
	inbox, err := os.OpenRoot(o.Inbox())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, inbox.Close()) }()
	err = fs.WalkDir(inbox.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file, err := inbox.Open(path)
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
	for _, id := range order {
		all = append(all, history(groups[id])...)
	}
	return all, err
}

// history returns one record for each observation of a group.
func history(observations []provisioning.Observation) (all []*record.Record) {
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
