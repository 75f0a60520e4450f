package report

import (
	"cmp"
	"errors"
	"io"

	"github.com/provtrail/provtrail/provisioning/record"
)

// scan reads the rows of the period that are in the set (nil: all), with their
// numbers.
func (r *report) scan(set bitmap, columns []string, f func(row uint64, record *record.Record) error) error {
	batch := make([]record.Record, 1024)
	row := uint64(0)
	for i := range r.snapshot.Files {
		if r.skip[i] {
			continue
		}
		if set != nil && !set.any(row, row+uint64(r.sizes[i])) {
			row += uint64(r.sizes[i])
			continue
		}
		reader, err := r.snapshot.Read(i, columns...)
		if err != nil {
			return err
		}
		r.reading = i
		for {
			if err := r.ctx.Err(); err != nil {
				return errors.Join(err, reader.Close())
			}
			n, err := reader.Read(batch)
			for j := range batch[:n] {
				if set == nil || set.has(row) {
					if err := f(row, &batch[j]); err != nil {
						return errors.Join(err, reader.Close())
					}
				}
				row++
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return errors.Join(err, reader.Close())
			}
		}
		if err := reader.Close(); err != nil {
			return err
		}
	}
	return nil
}

// selectFiles finds the files with rows of the period.
func (r *report) selectFiles() error {
	r.skip, r.sizes = make([]bool, len(r.snapshot.Files)), make([]int64, len(r.snapshot.Files))
	for i := range r.snapshot.Files {
		reader, err := r.snapshot.Read(i, "occurred_at")
		if err = cmp.Or(err, r.ctx.Err()); err != nil {
			return err
		}
		first, last, known := reader.Period()
		if r.skip[i] = known && (!first.Before(r.filter.To) || last.Before(r.filter.From)); !r.skip[i] {
			r.sizes[i] = reader.Rows()
			r.rows += r.sizes[i]
		}
		if err := reader.Close(); err != nil {
			return err
		}
	}
	return nil
}

// selectRows finds the rows to report: of each event the latest version, and of each
// activity the last state in the period.
func (r *report) selectRows() (err error) {
	r.once, r.chosen, r.history = newBitmap(r.rows), newBitmap(r.rows), newBitmap(r.rows)
	var events keys
	defer func() { err = errors.Join(err, events.close()) }()
	if err := r.selectLatest(func(row uint64, record *record.Record) error {
		return events.add(keyed{record.EventID, record.Version + 1, row})
	}, "event_id"); err != nil {
		return err
	}
	return events.winners(func(_, winner uint64) { r.once.set(winner) })
}

// selectLatest finds of each activity the last state in the period. Every row of the
// period is given to also, with the columns that are named.
func (r *report) selectLatest(also func(row uint64, record *record.Record) error, columns ...string) error {
	r.latest = newBitmap(r.rows)
	err := r.scan(nil, union(columns, []string{"activity_id", "version", "current"}), func(row uint64, record *record.Record) error {
		if !r.filter.within(record) || !r.asOf.IsZero() && record.ObservedAt.AsTime().After(r.asOf) {
			return nil
		}
		rank := uint64(0)
		if record.Current {
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
	return r.activities.winners(func(_, winner uint64) { r.latest.set(winner) })
}
