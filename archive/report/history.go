package report

import (
	"cmp"
	"fmt"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning/record"
)

// beforeBegin is how much earlier than the times that an activity's state knows its history
// is looked for: clocks differ, and a status that was not understood leaves no time.
const beforeBegin = 24 * time.Hour

// takeHistory calls take with every row of the chosen activities up to the end of the
// period, also with those before its beginning: each event once, in its latest version.
func (r *report) takeHistory(columns []string, take func(*record.Record) error) error {
	begin := r.begin.Add(-beforeBegin)
	ofPeriod := len(r.files)
	if begin.Before(r.filter.From) {
		if err := r.addEarlier(begin); err != nil {
			return err
		}
	}
	err := r.scanFrom(ofPeriod, nil, union(keyColumns, []string{"event_id"}), func(row uint64, record *record.Record) error {
		if !record.At().AsTime().Before(r.filter.To) {
			return nil
		}
		// Rank 0: it is not the state of its activity at the end of the period.
		return cmp.Or(r.activities.add(keyed{record.ActivityID, 0, row}), r.events.add(keyed{record.EventID, record.Version + 1, row}))
	})
	if err != nil {
		return err
	}
	once, history := newBitmap(r.rows), newBitmap(r.rows)
	if err := r.events.winners(func(_, winner uint64) { once.set(winner) }); err != nil {
		return err
	}
	if err := r.activities.winners(func(row, winner uint64) {
		if r.chosen.has(winner) && once.has(row) {
			history.set(row)
		}
	}); err != nil {
		return err
	}
	if begin.Before(r.filter.From) {
		if err := r.proveHistory(history, begin); err != nil {
			return err
		}
	}
	return r.scan(history, union(columns, placeColumns), func(_ uint64, record *record.Record) error { return take(record) })
}

// addEarlier adds the files with rows from a time on that are not files of the period.
func (r *report) addEarlier(begin time.Time) error {
	if err := r.addFiles(r.snapshots[0], begin, r.filter.To); err != nil {
		return err
	}
	first, end := archive.HourOf(begin)-1, archive.HourOf(r.filter.From)-1
	earlier, err := r.view.Snapshot(r.ctx, func(f archive.DataFile) bool { return f.Hour >= first && f.Hour < end })
	if err != nil {
		return err
	}
	r.snapshots = append(r.snapshots, earlier)
	return r.addFiles(earlier, begin, r.filter.To)
}

// proveHistory compares the files that have rows of the history and are not proven yet.
func (r *report) proveHistory(history bitmap, begin time.Time) error {
	p, err := newProver(r.ctx, r.view, archive.HourOf(begin)-1, r.snapshots[0].LastSealed)
	if err != nil {
		return err
	}
	if err := r.prove(p, func(f *file) bool { return history.any(f.first, f.first+uint64(f.rows)) }, begin); err != nil {
		return err
	}
	r.noteExpired(p, begin)
	return nil
}

// noteExpired states that retention removed files in which the history may have had rows.
func (r *report) noteExpired(p *prover, begin time.Time) {
	files := 0
	for _, s := range p.seals {
		for _, f := range s.Files {
			if p.expired[f.Name] && (f.First == nil || f.First.Before(r.filter.From)) && (f.Last == nil || !f.Last.Before(begin)) {
				files++
			}
		}
	}
	if files > 0 {
		r.manifest.Notes = append(r.manifest.Notes, fmt.Sprintf("retention removed %d files with rows between %s and the period: history.csv lacks the rows of its activities in those files", files, begin.UTC().Format(time.RFC3339)))
	}
}
