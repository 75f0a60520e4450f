package heal

import (
	"context"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Repair stores in ClickHouse what a diagnosis found missing there, from the archive: all
// records of the hours that have a finding, from which the tables beside are filled too, and
// the groups of those records. Storing records again changes nothing.
func Repair(ctx context.Context, from *archive.View, to Target, d *Diagnosis, report Progress) (Restored, error) {
	hours := map[uint32]bool{}
	for i := range d.Findings {
		f := &d.Findings[i]
		if f.Store != inClickHouse || f.Problem == Doubled {
			continue
		}
		if f.Hour == nil { // a materialized view
			hours = nil
			break
		}
		hours[uint32(f.Hour.Unix()/3600)] = true
	}
	if hours != nil && len(hours) == 0 {
		return Restored{}, nil
	}
	r := Restore{From: from, To: to, Progress: report, hours: hours, Filter: Filter{Since: d.Since, Until: d.Until}}
	return r.Run(ctx)
}

// concerns reports whether a record is of one of the hours; nil is all.
func concerns(hours map[uint32]bool, r *record.Record) bool {
	return hours == nil || hours[uint32(r.At()/hourNanos)]
}
