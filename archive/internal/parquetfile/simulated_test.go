package parquetfile

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// simulated returns the records of a simulated tenant with its vendor's documents, for
// benchmarks.
func simulated(t testing.TB, days int) []*record.Record {
	t.Helper()
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	o := simulate.DefaultOptions()
	o.Out, o.From, o.To, o.Seed = t.TempDir(), now.AddDate(0, 0, -days), now, 1
	_, err := simulate.Run(t.Context(), o)
	require.NoError(t, err)
	groups := map[string][]provisioning.Observation{}
	var order []string
	p := sailpoint.Parser{Tenant: "acme", Feed: provisioning.FeedFile}
	var result sailpoint.Result
	require.NoError(t, filepath.WalkDir(o.Inbox(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		require.NoError(t, err)
		defer func() { _ = f.Close() }() // only read
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<22)
		for lines.Scan() {
			result.Reset()
			p.Parse(lines.Bytes(), pcommon.NewTimestampFromTime(now.Add(time.Second)), &result)
			for _, o := range result.Observations {
				if groups[o.GroupID] == nil {
					order = append(order, o.GroupID)
				}
				groups[o.GroupID] = append(groups[o.GroupID], o)
			}
		}
		return lines.Err()
	}))
	var all []*record.Record
	for _, id := range order {
		all = append(all, history(groups[id])...)
	}
	return all
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
