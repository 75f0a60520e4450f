package columnar

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning/record"
)

// Records writes the activity records into to, which must have Activities.Len() zero
// elements.
func (b *Batch) Records(to []record.Record) { activities.fill(b, to) }

// Quarantine writes the quarantine records, as Records does the activity records.
func (b *Batch) Quarantine(to []record.Quarantined) { quarantine.fill(b, to) }

// Statements writes the reconciliation records, as Records does the activity records.
func (b *Batch) Statements(to []record.Reconciliation) { reconciliations.fill(b, to) }

// Logs returns the records as the processor emits them.
func (b *Batch) Logs() plog.Logs {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	to.EnsureCapacity(b.Len())
	for _, k := range kinds {
		k.logs(b, to)
	}
	return logs
}
