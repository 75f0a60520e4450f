package delivery

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

// Batch is what is delivered at once.
type Batch struct {
	sailpoint.Result
	Quarantined     []record.Quarantined
	Reconciliations []record.Reconciliation
}

// Len is the number of records.
func (b *Batch) Len() int { return len(b.Observations) + len(b.Quarantined) + len(b.Reconciliations) }

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.Result.Reset()
	b.Quarantined = b.Quarantined[:0]
	b.Reconciliations = b.Reconciliations[:0]
}

// QuarantineRejected turns what the parser rejected into quarantine records. file is where
// the data came from and base the offset in it of the data that was parsed.
func (b *Batch) QuarantineRejected(p *sailpoint.Parser, at pcommon.Timestamp, file string, base int64) {
	for i := range b.Rejected {
		x := &b.Rejected[i]
		b.Quarantined = append(b.Quarantined, record.Quarantined{
			Tenant: p.Tenant, Feed: p.Feed, Reason: x.Reason, Field: x.Field,
			File: file, Position: base + x.Offset, Size: x.Size, Original: x.Original, ObservedAt: at,
			VendorID: x.ID, VendorCreatedAt: x.CreatedAt,
		})
	}
	b.Rejected = b.Rejected[:0]
}

func (b *Batch) logs() plog.Logs {
	logs := plog.NewLogs()
	scope := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	scope.Scope().SetName(metadata.ScopeName)
	records := scope.LogRecords()
	records.EnsureCapacity(b.Len())
	record.WriteObservations(b.Observations, records)
	for i := range b.Quarantined {
		record.WriteQuarantined(&b.Quarantined[i], records.AppendEmpty())
	}
	for i := range b.Reconciliations {
		record.WriteReconciliation(&b.Reconciliations[i], records.AppendEmpty())
	}
	return logs
}
