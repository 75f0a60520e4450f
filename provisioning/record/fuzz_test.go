package record

import (
	"testing"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// FuzzReadRecords: a LogRecord that any other component made is read or refused with an
// error, and what was read and written again reads the same.
func FuzzReadRecords(f *testing.F) {
	seed := func(write func(plog.LogRecord)) {
		ld := plog.NewLogs()
		write(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
		text, err := (&plog.JSONMarshaler{}).MarshalLogs(ld)
		require.NoError(f, err)
		f.Add(text)
	}
	o := provisioning.Observation{Tenant: "acme", GroupID: "g", Feed: provisioning.FeedREST, SourceName: "AD", Operation: provisioning.OperationAdd, ReportedStatus: provisioning.StatusFailed, OccurredAt: 5, ObservedAt: 7}
	o.EventID = provisioning.EventID(&o)
	a := provisioning.Resolve([]provisioning.Observation{o})
	r := New(&a[0])
	seed(func(lr plog.LogRecord) { WriteRecord(&r, lr) })
	seed(func(lr plog.LogRecord) { WriteObservation(&o, lr) })
	seed(func(lr plog.LogRecord) {
		WriteGroup(&Group{Group: provisioning.Summarize(a), Version: 2, ObservedAt: 7}, lr)
	})
	seed(func(lr plog.LogRecord) {
		WriteQuarantined(&Quarantined{Tenant: "acme", Original: "{", ObservedAt: 7}, lr)
	})
	seed(func(lr plog.LogRecord) {
		WriteReconciliation(&Reconciliation{Tenant: "acme", Feed: provisioning.FeedREST, Hour: 5, ObservedAt: 7, Missing: 1, MissingIDs: []string{"a"}}, lr)
	})
	f.Fuzz(func(t *testing.T, text []byte) {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(text)
		if err != nil {
			return
		}
		for lr := range All(ld) {
			readAgain(t, lr)
		}
	})
}

func readAgain(t *testing.T, lr plog.LogRecord) {
	var r, again Record
	if Read(lr, &r) == nil {
		to := plog.NewLogRecord()
		WriteRecord(&r, to)
		require.NoError(t, Read(to, &again))
		require.Equal(t, r, again)
	}
	var g Group
	_ = ReadGroup(lr, &g)
	var c, c2 Reconciliation
	if ReadReconciliation(lr, &c) == nil && !c.EventID.IsZero() {
		to := plog.NewLogRecord()
		WriteReconciliation(&c, to)
		require.NoError(t, ReadReconciliation(to, &c2))
		require.Equal(t, c, c2)
	}
	var q, q2 Quarantined
	if ReadQuarantined(lr, &q) == nil && !q.EventID.IsZero() {
		to := plog.NewLogRecord()
		WriteQuarantined(&q, to)
		require.NoError(t, ReadQuarantined(to, &q2))
		require.Equal(t, q, q2)
	}
}
