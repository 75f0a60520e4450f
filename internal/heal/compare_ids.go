package heal

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/clock"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// compareOthers compares quarantined data and reconciliations. There are few of them, so that
// their ids are compared without hashes. Quarantined data has the same id whenever it was
// read: ids are looked up without regard to time, and those of the period are reported.
func (d *Doctor) compareOthers(ctx context.Context) error {
	archived := map[string][]event{}
	add := func(table string, id provisioning.ID, at pcommon.Timestamp) {
		archived[table] = append(archived[table], event{id: id, hour: uint32(at / hourNanos)})
	}
	read := scan{
		of: func(f archive.DataFile) bool { return !f.Activities() },
		selection: archive.Selection{
			Quarantined:    func(q *record.Quarantined) bool { add(quarantine, q.EventID, q.ObservedAt); return false },
			Reconciliation: func(r *record.Reconciliation) bool { add(reconciliations, r.EventID, r.ObservedAt); return false },
		},
		begin:    func(int64) error { return nil },
		progress: func(int64, int64) {},
	}
	err := read.run(ctx, d.Archive)
	for _, table := range []string{quarantine, reconciliations} {
		if err == nil {
			err = d.compareIDs(ctx, table, archived[table])
		}
	}
	return err
}

func (d *Doctor) compareIDs(ctx context.Context, table string, archived []event) error {
	rows, err := d.ClickHouse.Strings(ctx, "SELECT concatWithSeparator(',', event_id, '0', '0', toString(intDiv(toUnixTimestamp(observed_at), 3600))) FROM "+
		d.ClickHouse.All(table)+" FINAL")
	if err != nil {
		return err
	}
	stored := make([]event, len(rows))
	for i, row := range rows {
		if stored[i], err = parseEvent(row); err != nil {
			return err
		}
	}
	archived, stored = distinctEvents(archived), distinctEvents(stored)
	outside := func(other []event) func(event) bool {
		return func(e event) bool {
			at := time.Unix(int64(e.hour)*3600, 0)
			if !at.Before(clock.Latest(d.Since, d.expired).Truncate(time.Hour)) && at.Before(d.Until) {
				return false
			}
			_, both := slices.BinarySearchFunc(other, e, func(a, b event) int { return bytes.Compare(a.id[:], b.id[:]) })
			return !both
		}
	}
	mine := slices.DeleteFunc(slices.Clone(archived), outside(stored))
	return d.join(ctx, table, mine, slices.DeleteFunc(stored, outside(archived)))
}
