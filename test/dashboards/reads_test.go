package dashboards

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/bulk"
	"github.com/provtrail/provtrail/internal/panels"
)

var update = flag.Bool("update", false, "write testdata/reads.json")

const readsFile = "testdata/reads.json"

// reads is what the server says it read for a query, in rows and in bytes without
// compression: of merged tables, and with rows beside them that just came in.
type reads struct {
	Rows          uint64 `json:"rows"`
	Bytes         uint64 `json:"bytes"`
	IncomingRows  uint64 `json:"incoming_rows"`
	IncomingBytes uint64 `json:"incoming_bytes"`
}

// TestPanelsReadOnlyWhatTheyNeed: of four weeks with 250,000 observations, every panel
// and variable reads no more than testdata/reads.json says, over its usual range and of a
// group and a person that have just changed. A query that reads more of a table, or a
// column more, exceeds it.
func TestPanelsReadOnlyWhatTheyNeed(t *testing.T) {
	const activities = 100_000
	s := newStore(t)
	s.write(t, quarantined(3, monday.Add(-time.Hour))) // makes the tables
	workload := bulk.Workload{From: monday.AddDate(0, 0, -28), Every: 28 * 24 * time.Hour / activities}
	require.NoError(t, workload.Insert(t.Context(), s, s.database, 0, activities, 0))
	require.NoError(t, bulk.Merge(t.Context(), s, s.database))
	var group, identity string
	require.NoError(t, s.QueryRow(t.Context(), "SELECT group_id, identity_id FROM activities ORDER BY requested_at DESC, group_id LIMIT 1").Scan(&group, &identity))

	got := map[string]*reads{}
	ask := func(note func(r *reads, rows, bytes uint64)) {
		list, err := panels.Read(folder)
		require.NoError(t, err)
		for _, b := range list {
			scope := panels.Scope{From: monday.Add(-b.Range), To: monday.Add(time.Hour), Vars: b.All(), Typed: b.Typed()}
			switch b.Title {
			case "Group":
				scope.Vars["group"] = []string{group}
			case "Identity":
				scope.Vars["identity"] = []string{identity}
			}
			for n, q := range b.Asked() {
				scope.Interval = q.Interval(b.Range)
				sql, err := scope.Expand(q.SQL)
				require.NoError(t, err, q.Panel)
				name := fmt.Sprintf("%s / %02d %s", b.Title, n+1, q.Panel)
				if got[name] == nil {
					got[name] = &reads{}
				}
				rows, bytes := s.reads(t, sql)
				note(got[name], rows, bytes)
			}
		}
	}
	ask(func(r *reads, rows, bytes uint64) { r.Rows, r.Bytes = rows, bytes })
	require.NoError(t, workload.InsertUnmerged(t.Context(), s, s.database, activities, 20))
	ask(func(r *reads, rows, bytes uint64) { r.IncomingRows, r.IncomingBytes = rows, bytes })

	if *update {
		text, err := json.MarshalIndent(got, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(readsFile, append(text, '\n'), 0o600))
	}
	var want map[string]*reads
	text, err := os.ReadFile(readsFile)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &want))
	for name, r := range got {
		if !assert.Contains(t, want, name, "go test -run %s -update writes it, if that is what it needs", t.Name()) {
			continue
		}
		atMost := func(have, most uint64, what string) {
			assert.LessOrEqual(t, have, most+most/10, "%s: %s", name, what)
		}
		atMost(r.Rows, want[name].Rows, "rows")
		atMost(r.Bytes, want[name].Bytes, "bytes")
		atMost(r.IncomingRows, want[name].IncomingRows, "rows while rows come in")
		atMost(r.IncomingBytes, want[name].IncomingBytes, "bytes while rows come in")
	}
}

// reads runs a query and returns what the server read for it.
func (s *store) reads(t *testing.T, sql string) (rows, bytes uint64) {
	ctx := clickhouse.Context(context.Background(), clickhouse.WithProgress(func(p *clickhouse.Progress) {
		rows += p.Rows
		bytes += p.Bytes
	}))
	result, err := s.Query(ctx, sql)
	require.NoError(t, err, sql)
	for result.Next() {
	}
	require.NoError(t, result.Err(), sql)
	return rows, bytes
}
