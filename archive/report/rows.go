package report

import (
	"fmt"
	"slices"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning/record"
)

// scan reads the rows of the files that are in the set (nil: all), with their numbers.
func (r *report) scan(set bitmap, columns []string, f func(row uint64, record *record.Record) error) error {
	return r.scanFrom(0, set, columns, f)
}

// scanFrom is scan from a file on.
func (r *report) scanFrom(file int, set bitmap, columns []string, f func(row uint64, record *record.Record) error) error {
	for r.reading = file; r.reading < len(r.files); r.reading++ {
		from := &r.files[r.reading]
		if set != nil && !set.any(from.first, from.first+uint64(from.rows)) {
			continue
		}
		row := from.first
		for a, err := range from.snapshot.Rows(r.ctx, from.index, columns...) {
			if err == nil && (set == nil || set.has(row)) {
				err = f(row, a)
			}
			if err != nil {
				return err
			}
			row++
		}
	}
	return nil
}

// addFiles adds the files of a snapshot with rows of a period that are not there yet.
func (r *report) addFiles(snapshot *archive.Snapshot, from, to time.Time) error {
	for i := range snapshot.Files {
		if slices.ContainsFunc(r.files, func(f file) bool { return f.snapshot == snapshot && f.index == i }) {
			continue
		}
		if err := r.ctx.Err(); err != nil {
			return err
		}
		reader, err := snapshot.Read(i, "occurred_at")
		if err != nil && r.filter.AllowUnproven {
			r.manifest.Problems = append(r.manifest.Problems, err.Error()+": its rows are missing here")
			continue
		}
		if err != nil && snapshot.Files[i].Hour <= snapshot.LastSealed {
			err = fmt.Errorf("%w: %w", ErrUnproven, err)
		}
		if err != nil {
			return fmt.Errorf("%w; restore the file from a copy, or allow unproven rows, and the file is left out and named", err)
		}
		first, last, known := reader.Period()
		if !known || first.Before(to) && !last.Before(from) {
			r.files = append(r.files, file{snapshot: snapshot, index: i, first: uint64(r.rows), rows: reader.Rows()})
			r.rows += reader.Rows()
		}
		if err := reader.Close(); err != nil {
			return err
		}
	}
	return nil
}

// selectLatest finds of each activity the last state in the period. Every row before the
// end of the period, which earlier rows of an activity's history are too, is given to also,
// with the columns that are named.
func (r *report) selectLatest(also func(row uint64, record *record.Record) error, columns ...string) error {
	err := r.scan(nil, union(columns, keyColumns), func(row uint64, record *record.Record) error {
		at := record.At().AsTime()
		if !at.Before(r.filter.To) || !r.asOf.IsZero() && record.ObservedAt.AsTime().After(r.asOf) {
			return nil
		}
		rank := uint64(0)
		if record.Current && !at.Before(r.filter.From) {
			rank = record.Version + 1
		}
		if err := r.activities.add(keyed{record.ActivityID, rank, row}); err != nil || also == nil {
			return err
		}
		return also(row, record)
	})
	if err != nil {
		return err
	}
	r.latest, r.chosen = newBitmap(r.rows), newBitmap(r.rows)
	return r.activities.winners(func(_, winner uint64) { r.latest.set(winner) })
}

var keyColumns = []string{"activity_id", "version", "current"}

// union of column names, with those of which times are made.
func union(lists ...[]string) (all []string) {
	for _, list := range append(lists, []string{"occurred_at", "timed", "observed_at"}) {
		for _, c := range list {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all
}
