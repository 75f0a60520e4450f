package provisioningprocessor

import (
	"context"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/metadata"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

const second = pcommon.Timestamp(time.Second)

// start is where the histories' clock begins.
var start = pcommon.NewTimestampFromTime(time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC))

func observe(group string, reported provisioning.Status, at pcommon.Timestamp, change ...func(*provisioning.Observation)) provisioning.Observation {
	o := provisioning.Observation{
		Tenant: "acme", Feed: provisioning.FeedREST, Dialect: provisioning.DialectREST, GroupID: group,
		SourceID: "5c71ff71195b4794a0b87e7cf36fb017", SourceName: "Active Directory", AccountID: "CN=Ada",
		AttributeName: "memberOf", AttributeValue: "CN=Sales", Operation: provisioning.OperationAdd,
		ReportedStatus: reported, RawStatus: reported.String(), OccurredAt: start + at*second, ObservedAt: start + (at+1)*second,
	}
	for _, c := range change {
		c(&o)
	}
	o.EventID = provisioning.EventID(&o)
	o.Original = `{"id":"` + o.EventID.String() + `"}`
	return o
}

func coarse(o *provisioning.Observation) {
	o.AccountLevel, o.AttributeName, o.AttributeValue = true, "", ""
	o.Operation, o.Dialect = provisioning.OperationModify, provisioning.DialectEvent
}

// drawHistory draws what the feeds say of a few groups: several activities, levels of
// precision, with and without the vendor's time, ties, copies received later or
// earlier.
func drawHistory(t *rapid.T) []provisioning.Observation {
	out := make([]provisioning.Observation, rapid.IntRange(1, 24).Draw(t, "n"))
	for i := range out {
		at := pcommon.Timestamp(rapid.Uint64Range(1, 6).Draw(t, "at"))
		reported := provisioning.Status(rapid.IntRange(0, 6).Draw(t, "status"))
		group := rapid.SampledFrom([]string{"g1", "g2", "g3"}).Draw(t, "group")
		out[i] = observe(group, reported, at, func(o *provisioning.Observation) {
			o.AttributeValue = rapid.SampledFrom([]string{"CN=Sales", "CN=Old"}).Draw(t, "value")
			o.AccountID = rapid.SampledFrom([]string{"CN=Ada", "cn=ada", "CN=Bob", ""}).Draw(t, "account")
			o.SourceName = rapid.SampledFrom([]string{"Active Directory", "AD"}).Draw(t, "name")
			switch rapid.IntRange(0, 3).Draw(t, "source") {
			case 0:
				o.SourceID = ""
			case 1:
				o.SourceName = ""
			case 2:
				o.SourceID = "a" + o.SourceID[1:]
			}
			if rapid.Bool().Draw(t, "coarse") {
				coarse(o)
				o.Operation = rapid.SampledFrom([]provisioning.Operation{"Modify", "Create", "Add"}).Draw(t, "operation")
			}
			if rapid.IntRange(0, 4).Draw(t, "untimed") == 0 {
				o.OccurredAt = 0
			}
			o.ObservedAt += pcommon.Timestamp(i) * 1000 // the stores keep microseconds
			o.ErrorMessage = fmt.Sprintf("e%d", i)
		})
	}
	for range rapid.IntRange(0, 6).Draw(t, "copies") {
		o := out[rapid.IntRange(0, len(out)-1).Draw(t, "copy of")]
		o.ObservedAt = start + pcommon.Timestamp(rapid.IntRange(0, 20).Draw(t, "received"))*second
		o.ErrorMessage = rapid.SampledFrom([]string{o.ErrorMessage, "", "a longer text"}).Draw(t, "text")
		o.IdentityName = rapid.SampledFrom([]string{"", "Ada"}).Draw(t, "identity")
		out = append(out, o)
	}
	return rapid.Permutation(out).Draw(t, "order")
}

func batches(t *rapid.T, observations []provisioning.Observation) [][]provisioning.Observation {
	var out [][]provisioning.Observation
	for len(observations) > 0 {
		n := rapid.IntRange(1, len(observations)).Draw(t, "batch")
		out, observations = append(out, observations[:n]), observations[n:]
	}
	return out
}

func logsOf(observations []provisioning.Observation) plog.Logs {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range observations {
		record.WriteObservation(&observations[i], to.AppendEmpty())
	}
	return logs
}

// plain is an activity's row without what depends on how the observations came.
func plain(r record.Record) record.Record {
	r.ErrorCategory, r.ErrorSignature, r.ErrorFingerprint = "", "", "" // see errors_test.go
	r.EventID, r.Original, r.ReportedOverrides, r.Withdrawn, r.RecordType, r.Version, r.Current = provisioning.ID{}, "", "", "", "", 0, false
	r.GroupNumber, r.GroupStatus = 0, 0
	return r
}

type failer interface {
	require.TestingT
	Helper()
}

// check compares the sink with Resolve over everything, by id and value.
func check(t failer, s *sink, observations []provisioning.Observation) {
	t.Helper()
	names := map[string]sourceName{}
	for i := range observations {
		o := &observations[i]
		if name := (sourceName{name: o.SourceName, at: o.OccurredAt}); provisioning.IsSourceID(o.SourceID) && name.newer(names[o.SourceID]) {
			names[o.SourceID] = name
		}
	}
	compare(t, s, observations, func(id string) string { return names[id].name })
}

// compare is check with other names of sources; with none they may be any.
func compare(t failer, s *sink, observations []provisioning.Observation, nameOf func(id string) string) {
	t.Helper()
	byGroup := map[string][]provisioning.Observation{}
	ids := map[provisioning.ID]provisioning.Observation{}
	for _, o := range observations {
		copied, ok := ids[o.EventID]
		if !ok {
			copied = o
		}
		ids[o.EventID] = provisioning.Merge(&copied, &o)
		o.Original = ""
		byGroup[o.GroupID] = append(byGroup[o.GroupID], o)
	}
	rows := s.standing()
	for id, group := range byGroup {
		activities := provisioning.Resolve(group)
		for i := range activities {
			row, ok := rows[activities[i].ID]
			require.True(t, ok, "activity %s is missing", activities[i].ID)
			if a := &activities[i]; a.SourceName == "" && provisioning.IsSourceID(a.SourceID) {
				if nameOf == nil {
					a.SourceName = row.SourceName
				} else {
					a.SourceName = nameOf(a.SourceID)
				}
			}
			state := record.New(&activities[i])
			state.OccurredAt = activities[i].KnownAt()
			require.Equal(t, plain(state), plain(row))
			delete(rows, activities[i].ID)
		}
		require.Equal(t, provisioning.Summarize(activities), s.groups[id].Group)
	}
	require.Empty(t, rows, "activities that do not stand")
	for id, r := range s.observations {
		want, ok := ids[id]
		require.True(t, ok, "observation nobody made")
		require.Equal(t, want.Original, r.Original)
		restored, err := record.RestoreObservation(&r)
		require.NoError(t, err)
		want.Original, want.ObservedAt, restored.ObservedAt = "", 0, 0 // an earlier receipt is no news
		require.Equal(t, want, restored)
		delete(ids, id)
	}
	require.Empty(t, ids, "observations without a record")
}

// open starts a processor on the disk; a nil disk is memory only.
func open(t require.TestingT, disk *disk, s *sink, change ...func(*Config)) (*correlator, error) {
	cfg := createDefaultConfig().(*Config)
	cfg.CheckInterval = time.Hour // tests fire the timers themselves
	for _, c := range change {
		c(cfg)
	}
	require.NoError(t, cfg.Validate())
	f, err := newProcessor(processortest.NewNopSettings(metadata.Type), cfg, s)
	require.NoError(t, err)
	f.wake = nil // corrections run with the timers, or when a test says so
	if disk != nil {
		f.openStore = func() (store.Store, error) { return disk, nil }
	}
	if err := f.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		return nil, err
	}
	return f, nil
}
