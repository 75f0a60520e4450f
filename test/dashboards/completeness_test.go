package dashboards

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// statement is that the vendor has so many documents of an hour, of which these were
// delivered.
func statement(hour time.Time, vendor int, ids ...string) record.Reconciliation {
	var digest record.DocumentsDigest
	for _, id := range ids {
		digest.Add(id)
	}
	s := record.Reconciliation{
		Tenant: tenantName, Feed: provisioning.FeedSearch, Hour: stamp(hour), ObservedAt: stamp(hour.Add(2 * time.Hour)), Pass: 1,
		Verdict: record.VerdictAgreed, VendorCount: int64(vendor), Method: record.MethodCount, Observed: int64(len(ids)), Digest: digest.String(),
	}
	if s.Missing = int64(vendor - len(ids)); s.Missing > 0 {
		s.Verdict = record.VerdictShort
	}
	return s
}

func statements(list ...record.Reconciliation) plog.Logs {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range list {
		record.WriteReconciliation(&list[i], records.AppendEmpty())
	}
	return ld
}

func (s *store) panel(t *testing.T, dashboard, title string, sc scope) *result {
	t.Helper()
	for _, b := range boards(t) {
		for _, p := range b.all() {
			if b.Title == dashboard && p.Title == title {
				sc.vars, sc.typed = b.choose(nil), b.typed()
				return s.query(t, sc.expand(t, p.Targets[0].RawSQL))
			}
		}
	}
	require.Fail(t, "no panel "+title)
	return nil
}

// TestCompletenessIsShown: a complete hour, one that the vendor says is short, one of which a
// document was removed from the store, and one without a count.
func TestCompletenessIsShown(t *testing.T) {
	s := newStore(t)
	at := func(n int) time.Time { return monday.Add(time.Duration(n) * time.Hour) }
	for n, ids := range [][]string{{"a", "b"}, {"c"}, {"d"}} {
		for _, id := range ids {
			s.write(t, incident(at(n).Add(time.Minute), 1, "SAP", provisioning.StatusSuccess, func(r *record.Record) {
				r.Feed, r.VendorID, r.VendorCreatedAt, r.EventID = provisioning.FeedSearch, id, stamp(at(n)), provisioning.HashID(id)
			}))
		}
	}
	unknown := statement(at(3), 0)
	unknown.Verdict, unknown.Method = record.VerdictUnknown, ""
	s.write(t, statements(statement(at(0), 2, "a", "b"), statement(at(1), 4, "c"), statement(at(2), 2, "d", "removed"), unknown))

	sc := scope{from: at(-10), to: at(10), interval: time.Hour}
	until := s.panel(t, "Provisioning overview", "Complete until", sc)
	require.Len(t, until.rows, 1)
	assert.Equal(t, "search", until.rows[0][until.column("feed")])
	assert.Equal(t, at(1), until.rows[0][until.column("complete until")].(*time.Time).UTC())
	assert.InDelta(t, 4, until.sum(t, "missing"), 0)

	hours := s.panel(t, "Pipeline", "Missing documents by hour", sc)
	var got []string
	for _, row := range hours.rows {
		got = append(got, fmt.Sprint(row[0].(time.Time).UTC().Sub(monday).Hours(), row[1], row[2]))
	}
	assert.Equal(t, []string{"0search0", "1search3", "2search1", "3search-1"}, got)

	incomplete := s.panel(t, "Pipeline", "Incomplete hours", sc)
	got = nil
	for _, row := range incomplete.rows {
		got = append(got, fmt.Sprint(row[incomplete.column("verdict")], " ", row[incomplete.column("vendor")], " ", row[incomplete.column("delivered")], " ", row[incomplete.column("stored")]))
	}
	assert.Equal(t, []string{"unknown 0 0 0", "agreed 2 2 1", "short 4 1 1"}, got)
}
