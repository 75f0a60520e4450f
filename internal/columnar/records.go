package columnar

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
)

// Records writes the activity records into to, which has room for Activities.Len() of
// them and is zero.
func (b *Batch) Records(to []provisioning.Record) {
	fill(b, &b.Activities, provisioning.Activities, to)
}

// Summaries writes the group records, as Records does the activity records.
func (b *Batch) Summaries(to []provisioning.GroupRecord) {
	fill(b, &b.Groups, provisioning.Groups, to)
}

// Quarantine writes the quarantined data, as Records does the activity records.
func (b *Batch) Quarantine(to []provisioning.Quarantined) {
	fill(b, &b.Quarantined, provisioning.Quarantine, to)
}

func fill[T any](b *Batch, rows *Rows, s *provisioning.Schema[T], to []T) {
	for i := range s.Fields {
		f, c := &s.Fields[i], &rows.columns[i]
		for at, n := range c.Texts {
			f.SetText(&to[at], b.texts[n])
		}
		for at, n := range c.Numbers {
			f.SetNumber(&to[at], n)
		}
		for at, id := range c.IDs {
			*f.ID(&to[at]) = id
		}
		for at, list := range c.Lists {
			var texts []string
			for _, n := range list {
				texts = append(texts, b.texts[n])
			}
			*f.Texts(&to[at]) = texts
		}
	}
}

// rows are all records.
func (b *Batch) rows() ([]provisioning.Record, []provisioning.GroupRecord, []provisioning.Quarantined) {
	activities, groups, quarantined := make([]provisioning.Record, b.Activities.n), make([]provisioning.GroupRecord, b.Groups.n), make([]provisioning.Quarantined, b.Quarantined.n)
	b.Records(activities)
	b.Summaries(groups)
	b.Quarantine(quarantined)
	return activities, groups, quarantined
}

// Logs writes the batch as the processor emits it.
func (b *Batch) Logs() plog.Logs {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	to.EnsureCapacity(b.Len())
	activities, groups, quarantined := b.rows()
	for i := range activities {
		provisioning.WriteRecord(&activities[i], to.AppendEmpty())
	}
	for i := range groups {
		provisioning.WriteGroup(&groups[i], to.AppendEmpty())
	}
	for i := range quarantined {
		provisioning.WriteQuarantined(&quarantined[i], to.AppendEmpty())
	}
	return logs
}
