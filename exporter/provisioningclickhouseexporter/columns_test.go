package provisioningclickhouseexporter

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// fill sets every field to a value of its own.
func fill(t *rapid.T, r *record.Record) {
	for i := range record.Fields {
		f := &record.Fields[i]
		text := rapid.StringN(0, 12, -1)
		switch p := f.Pointer(r).(type) {
		case *string:
			*p = text.Draw(t, f.Column)
		case *provisioning.Feed:
			*p = provisioning.Feed(text.Draw(t, f.Column))
		case *provisioning.Dialect:
			*p = provisioning.Dialect(text.Draw(t, f.Column))
		case *record.Type:
			*p = record.Type(text.Draw(t, f.Column))
		case *provisioning.Operation:
			*p = provisioning.Operation(text.Draw(t, f.Column))
		case *provisioning.Kind:
			*p = provisioning.Kind(text.Draw(t, f.Column))
		case *provisioning.FailedOn:
			*p = provisioning.FailedOn(text.Draw(t, f.Column))
		case *provisioning.Approval:
			*p = provisioning.Approval(text.Draw(t, f.Column))
		case *provisioning.Outcome:
			*p = provisioning.Outcome(text.Draw(t, f.Column))
		case *provisioning.Status:
			*p = provisioning.Status(rapid.IntRange(0, 6).Draw(t, f.Column))
		case *provisioning.ID:
			*p = id(text.Draw(t, f.Column))
		case *bool:
			*p = rapid.Bool().Draw(t, f.Column)
		case *int64:
			*p = rapid.Int64().Draw(t, f.Column)
		case *uint64:
			*p = rapid.Uint64Range(0, 1<<63-1).Draw(t, f.Column)
		case *pcommon.Timestamp:
			*p = pcommon.Timestamp(rapid.Uint64Range(0, uint64(record.MaxTime)).Draw(t, f.Column))
		default:
			t.Fatalf("%s has type %T, which the test does not know", f.Column, p)
		}
	}
	r.GroupID, r.ObservedAt = "g"+r.GroupID, max(r.ObservedAt, 1000)
}

func id(text string) provisioning.ID {
	sum := sha256.Sum256([]byte(text))
	return provisioning.ID(sum[:16])
}

// stored is how a field's value reads in ClickHouse.
func stored(field any) string {
	switch p := field.(type) {
	case *pcommon.Timestamp:
		if *p < 1000 {
			return ""
		}
		return time.UnixMicro(int64(*p) / 1000).UTC().Format("2006-01-02 15:04:05.000000")
	case *string:
		return *p
	case *bool:
		return fmt.Sprint(*p)
	case *int64:
		return fmt.Sprint(*p)
	case *uint64:
		return fmt.Sprint(*p)
	case fmt.Stringer:
		return p.String()
	default:
		return deref(field)
	}
}

func deref(field any) string {
	switch p := field.(type) {
	case *provisioning.Feed:
		return string(*p)
	case *provisioning.Dialect:
		return string(*p)
	case *record.Type:
		return string(*p)
	case *provisioning.Operation:
		return string(*p)
	case *provisioning.Kind:
		return string(*p)
	case *provisioning.FailedOn:
		return string(*p)
	case *provisioning.Approval:
		return string(*p)
	case *provisioning.Outcome:
		return string(*p)
	}
	panic(fmt.Sprintf("%T", field))
}

func TestEveryColumnIsStored(t *testing.T) {
	f := start(t)
	want := map[string]record.Record{}
	rapid.Check(t, func(rt *rapid.T) {
		list := make([]record.Record, rapid.IntRange(1, 5).Draw(rt, "n"))
		for i := range list {
			fill(rt, &list[i])
			list[i].EventID = id(fmt.Sprint(len(want), i, list[i].Original))
		}
		for _, r := range list {
			want[r.EventID.String()] = r
		}
	})
	require.NoError(t, f.pushLogs(t.Context(), records(slices.Collect(maps.Values(want))...)))
	var expressions []string
	for _, field := range record.Fields {
		expressions = append(expressions, "ifNull(toString("+field.Column+"), '')")
	}
	rows, err := f.conn.Query(t.Context(), "SELECT timed, ["+strings.Join(expressions, ", ")+"] FROM observations")
	require.NoError(t, err)
	for rows.Next() {
		var timed bool
		var got []string
		require.NoError(t, rows.Scan(&timed, &got))
		r, ok := want[got[2]]
		require.True(t, ok, "event id %q was never sent", got[2])
		delete(want, got[2])
		require.Equal(t, r.OccurredAt != 0, timed)
		if !timed {
			r.OccurredAt = r.ObservedAt
		}
		for i, field := range record.Fields {
			w := stored(field.Pointer(&r))
			if field.Column == "occurred_at" && w == "" {
				w = "1970-01-01 00:00:00.000000"
			}
			require.Equal(t, w, got[i], field.Column)
		}
	}
	require.NoError(t, rows.Err())
	require.Empty(t, want)
}

// TestTablesHaveTheFields: a field added to record.Fields needs a migration.
func TestTablesHaveTheFields(t *testing.T) {
	f := start(t)
	require.NoError(t, f.tables.ensure(t.Context()))
	columns := func(table string) (list []string) {
		list = one[[]string](t, f, "SELECT groupArray(name) FROM (SELECT name FROM system.columns WHERE database = ? AND table = ? ORDER BY position)", f.cfg.Database, table)
		return list
	}
	fields := []string{"timed"}
	for _, field := range record.Fields {
		fields = append(fields, field.Column)
	}
	require.ElementsMatch(t, fields, columns("provisioning_observations"))
	require.ElementsMatch(t, append(fields, "source", "activity"), columns("observations"))
	current := slices.DeleteFunc(slices.Clone(fields), func(name string) bool {
		return slices.Contains([]string{"current", "original", "reason", "withdrawn", "reported_overrides"}, name)
	})
	require.ElementsMatch(t, append(current, "source", "activity", "change_key", "account_key", "done_at"), columns("activities"))
}

func TestUnreadableRecordsAreQuarantined(t *testing.T) {
	f := start(t)
	broken := func(change func(plog.LogRecord)) plog.Logs {
		logs := records(record.Record{Observation: provisioning.Observation{
			EventID: id("x"), Tenant: "acme", Feed: provisioning.FeedREST, GroupID: "g", ObservedAt: 1e18,
		}})
		change(logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0))
		return logs
	}
	check := func(reason string, change func(plog.LogRecord)) {
		t.Helper()
		for range 2 {
			require.NoError(t, f.pushLogs(t.Context(), broken(change)))
		}
		require.Equal(t, uint64(1), one[uint64](t, f, "SELECT count() FROM quarantine WHERE position(reason, ?) > 0 AND tenant = 'acme' AND isValidJSON(original)", reason), reason)
		require.Zero(t, one[uint64](t, f, "SELECT count() FROM observations"))
	}
	attributes := plog.LogRecord.Attributes
	check("provisioning.status: status \"Done\" is not one of the six", func(lr plog.LogRecord) { attributes(lr).PutStr("provisioning.status", "Done") })
	check("provisioning.attempts: is Str, want Int", func(lr plog.LogRecord) { attributes(lr).PutStr("provisioning.attempts", "1") })
	check("provisioning.activity_id: id \"zz\"", func(lr plog.LogRecord) { attributes(lr).PutStr("provisioning.activity_id", "zz") })
	check("provisioning.group_id is missing", func(lr plog.LogRecord) { attributes(lr).Remove("provisioning.group_id") })
	check("observed time is missing", func(lr plog.LogRecord) { lr.SetObservedTimestamp(0) })
	check("after April 2262", func(lr plog.LogRecord) { lr.SetTimestamp(1 << 63) })
	check("is none of provisioning.activity", func(lr plog.LogRecord) { lr.SetEventName("other") })
}
