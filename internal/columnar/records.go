package columnar

import (
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning/record"
)

// Records writes the activity records into to, which must have Activities.Len() zero
// elements.
func (b *Batch) Records(to []record.Record) {
	fill(b, &b.Activities, record.Activities, to)
}

// Summaries writes the group records, as Records does the activity records.
func (b *Batch) Summaries(to []record.Group) {
	fill(b, &b.Groups, record.Groups, to)
}

// Quarantine writes the quarantine records, as Records does the activity records.
func (b *Batch) Quarantine(to []record.Quarantined) {
	fill(b, &b.Quarantined, record.Quarantine, to)
}

func fill[T any](b *Batch, rows *Rows, s *record.Schema[T], to []T) {
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
func (b *Batch) rows() ([]record.Record, []record.Group, []record.Quarantined) {
	activities, groups, quarantined := make([]record.Record, b.Activities.n), make([]record.Group, b.Groups.n), make([]record.Quarantined, b.Quarantined.n)
	b.Records(activities)
	b.Summaries(groups)
	b.Quarantine(quarantined)
	return activities, groups, quarantined
}

// Logs returns the records as the processor emits them.
func (b *Batch) Logs() plog.Logs {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	to.EnsureCapacity(b.Len())
	activities, groups, quarantined := b.rows()
	for i := range activities {
		record.WriteRecord(&activities[i], to.AppendEmpty())
	}
	for i := range groups {
		record.WriteGroup(&groups[i], to.AppendEmpty())
	}
	for i := range quarantined {
		record.WriteQuarantined(&quarantined[i], to.AppendEmpty())
	}
	return logs
}
