package dashboards

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Whatever characters the names of sources have, choosing some of them shows exactly
// those: on the dashboards, and in the CSV report that the dashboards link to.
func TestNamesFilterExactly(t *testing.T) {
	names := []string{`a`, `b`, `a,b`, `{a,b}`, `O'Brien`, `back\slash`, `back\`, `"quoted"`, `100%`, `a%2Cb`, `$__all`, `${source}`, `x' OR '1'='1`, `Größe (EU) & Söhne`}
	s := newStore(t)
	at := monday.Add(9 * time.Hour)
	for i, name := range names {
		s.write(t, incident(at.Add(time.Duration(i)*time.Second), i+1, name, provisioning.StatusFailed, nil))
	}
	var overview *board
	for _, b := range boards(t) {
		if b.Title == overviewTitle {
			overview = b
		}
	}
	sc := scope{from: at.Add(-time.Hour), to: at.Add(time.Hour), interval: time.Minute, vars: overview.choose(nil), typed: overview.typed()}

	// The options as Grafana gets them: what is shown, and what is put into queries.
	values := map[string]string{}
	options := s.query(t, sc.expand(t, overview.variable("source").sql(t)))
	for _, row := range options.rows {
		values[row[options.column("__text")].(string)] = row[options.column("__value")].(string)
	}
	require.Len(t, values, len(names))

	assertOnly := func(chosen map[string]float64) {
		t.Helper()
		list := []string{}
		for name := range chosen {
			list = append(list, values[name])
		}
		sc.vars = overview.choose(map[string][]string{"source": list})
		for _, p := range overview.all() {
			if p.Title != "Failures by source" {
				continue
			}
			got := map[string]float64{}
			r := s.query(t, sc.expand(t, p.Targets[0].RawSQL))
			for _, row := range r.rows {
				name := row[r.column("source")].(string)
				got[name] = number(t, row[r.column("Failed")])
				assert.Equal(t, values[name], row[r.column("source_value")], "the link of a bar chooses its source")
			}
			assert.Equal(t, chosen, got, "%v", list)
		}
		f, err := report.ParseFilter(url.Values{"var-source": list}, at)
		require.NoError(t, err)
		want := []string{}
		for name := range chosen {
			want = append(want, name)
		}
		assert.ElementsMatch(t, want, f.Source)
	}
	for i, name := range names {
		assertOnly(map[string]float64{name: float64(i + 1)})
	}
	assertOnly(map[string]float64{`a,b`: 3, `back\`: 7})
	assertOnly(map[string]float64{`a`: 1, `b`: 2, `$__all`: 11})
}

// An activity whose source was reported by its id alone at first is one line of the
// group's timeline, under its newest name.
func TestTimelineHasOneLineWhenTheNameBecomesKnown(t *testing.T) {
	s := newStore(t)
	at := monday.Add(9 * time.Hour)
	observed := func(after time.Duration, name string, status provisioning.Status) provisioning.Observation {
		o := provisioning.Observation{
			Tenant: tenantName, Feed: provisioning.FeedREST, Dialect: provisioning.DialectREST, GroupID: "late name",
			SourceID: "2c9180835d2e5168015d32f890ca1581", SourceName: name, AccountID: "ada", AttributeName: "memberOf", AttributeValue: "admins",
			Operation: provisioning.OperationAdd, ReportedStatus: status, RawStatus: status.String(), OccurredAt: stamp(at.Add(after)), ObservedAt: stamp(at.Add(after)),
		}
		o.EventID = provisioning.EventID(&o)
		return o
	}
	history := []provisioning.Observation{observed(0, "", provisioning.StatusPending), observed(time.Minute, "SAP ERP", provisioning.StatusCommitted)}
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for n := range history {
		a := provisioning.Resolve(history[:n+1])
		require.Len(t, a, 1)
		r := record.New(&a[0])
		r.Version, r.Current = record.Version(n+1, false), true
		record.WriteRecord(&r, records.AppendEmpty())
	}
	s.write(t, ld)
	for _, b := range boards(t) {
		for _, p := range b.all() {
			if p.Type != "state-timeline" {
				continue
			}
			sc := scope{from: at.Add(-time.Hour), to: at.Add(time.Hour), vars: b.choose(map[string][]string{"group": {"late name"}}), typed: b.typed()}
			lines, states := map[string]bool{}, map[string]bool{}
			r := s.query(t, sc.expand(t, p.Targets[0].RawSQL))
			for _, row := range r.rows {
				lines[row[r.column("activity")].(string)] = true
				states[row[r.column("state")].(string)] = true
			}
			assert.Equal(t, map[string]bool{"Add memberOf admins on SAP ERP (ada)": true}, lines)
			assert.Equal(t, map[string]bool{"Pending": true, "Committed": true}, states)
		}
	}
}
