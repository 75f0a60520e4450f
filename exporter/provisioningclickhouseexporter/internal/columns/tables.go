package columns

import (
	"slices"
	"time"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Tables are the tables that records are inserted into, in this order.
type Tables [4]*Table

// NewTables returns tables without rows.
func NewTables() *Tables { return &Tables{quarantine(), observations(), groups(), reconciliations()} }

// observations are the activity records. Where the vendor gave no time, occurred_at is the
// time of receipt and timed is false.
func observations() *Table {
	occurred, observed, timed := new(instant), new(instant), new(flag)
	t := newTable("provisioning_observations", record.Activities,
		func(b *columnar.Batch) *columnar.Rows { return &b.Activities },
		func(name string) column {
			switch name {
			case "occurred_at":
				return occurred
			case "observed_at":
				return observed
			default:
				return new(optional)
			}
		})
	t.add("timed", timed)
	t.finalize = func(rows *columnar.Rows) {
		times := rows.Column(occurredAt).Numbers
		for i := range rows.Len() {
			is := times != nil && times[i] != 0
			timed.Append(is)
			if !is {
				occurred.ColInt64[i] = observed.ColInt64[i]
			}
		}
	}
	return t
}

var occurredAt = slices.IndexFunc(record.Fields, func(f record.Field) bool { return f.Column == "occurred_at" })

func groups() *Table {
	return newTable("provisioning_groups", record.Groups,
		func(b *columnar.Batch) *columnar.Rows { return &b.Groups },
		func(string) column { return new(instant) })
}

// reconciliations are inserted last: what a statement counts was delivered before it.
func reconciliations() *Table {
	return newTable("provisioning_reconciliations", record.Reconciliations,
		func(b *columnar.Batch) *columnar.Rows { return &b.Reconciliations },
		func(string) column { return new(instant) })
}

// quarantine is the data that could not be read or stored.
func quarantine() *Table {
	observed := new(instant)
	t := newTable("provisioning_quarantine", record.Quarantine,
		func(b *columnar.Batch) *columnar.Rows { return &b.Quarantined },
		func(name string) column {
			if name == "observed_at" {
				return observed
			}
			return new(optional)
		})
	t.finalize = func(*columnar.Rows) {
		for i, at := range observed.ColInt64 {
			if at <= 0 { // absent, or after the last representable time
				// The time is not part of the row's key, so a retry is the same row.
				observed.ColInt64[i] = time.Now().UnixMicro()
			}
		}
	}
	return t
}
