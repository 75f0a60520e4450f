package heal

import (
	"context"
	"errors"
	"slices"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning/record"
)

// groups stores the summaries of the groups of which a record matches. Each is made from
// all records of its group, also from those before and after the period.
func (r *Restore) groups(ctx context.Context) (stored, gone int64, err error) {
	p, err := collect(ctx, r.From, withoutOriginal, func(r *record.Record, add func(*record.Record) error) error { return add(r) }, r.Progress)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	to, rows := columnar.NewBuilder(summaryRows), 0
	flush := func() error {
		if rows == 0 {
			return nil
		}
		batch := to.Batch()
		stored += int64(rows)
		to, rows = columnar.NewBuilder(summaryRows), 0
		return r.To.Write(ctx, []*columnar.Batch{batch})
	}
	err = p.groups(ctx, func(records []record.Record) error {
		if !slices.ContainsFunc(records, func(record record.Record) bool {
			return r.Filter.includes(&record) && r.Filter.matches(&record) && concerns(r.hours, &record)
		}) {
			return nil
		}
		if erased(records) {
			gone++
			return nil
		}
		g, err := Summarize(records)
		if err != nil || g.Activities == 0 {
			return err
		}
		to.Group(&g)
		if rows++; rows < summaryRows {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	return stored, gone, err
}

// erased reports whether a person of the records was forgotten, so that they cannot be folded.
func erased(records []record.Record) bool {
	return slices.ContainsFunc(records, func(r record.Record) bool { return archive.IsErased(&r) })
}

const summaryRows = 20_000

// withoutOriginal are the columns of activity records without the vendor's documents.
var withoutOriginal = slices.DeleteFunc(archive.Columns(), func(c string) bool { return c == "original" })

// bytesOfRecord is about how much of a file a record takes.
const bytesOfRecord = 100

// collect partitions the activity records of an archive by group: take is called with each,
// and adds what is kept.
func collect(ctx context.Context, from *archive.View, columns []string, take func(r *record.Record, add func(*record.Record) error) error, report Progress) (p *partitions, err error) {
	read := scan{of: archive.DataFile.Activities, progress: func(done, total int64) { report("groups", done, total) }}
	read.begin = func(bytes int64) (err error) {
		if p == nil {
			p, err = newPartitions(bytes / bytesOfRecord)
		}
		return err
	}
	read.selection = archive.Selection{Columns: columns, Activity: func(r *record.Record) bool {
		if read.failed == nil {
			read.failed = take(r, p.add)
		}
		return false
	}}
	err = read.run(ctx, from)
	if err != nil && p != nil {
		err = errors.Join(err, p.Close())
	}
	return p, err
}
