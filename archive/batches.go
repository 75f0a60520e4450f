package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Selection says which rows of a data file are read. Its zero value reads all.
type Selection struct {
	// Since and Until bound when it happened: the vendor's time, or that of receipt where
	// there is none, and of reconciliations always. Since is within, Until is not; zero is no bound.
	Since, Until time.Time
	// Columns are those of activity records that are read and set; none means all.
	Columns []string
	// Activity, Quarantined and Reconciliation keep the rows for which they return true; nil
	// keeps all.
	Activity       func(*record.Record) bool
	Quarantined    func(*record.Quarantined) bool
	Reconciliation func(*record.Reconciliation) bool
}

// batchRows is how many rows a batch has at most.
const batchRows = 4096

// Batches calls f with the selected rows of a data file of any kind, in their order, until
// f returns an error. The error wraps fs.ErrNotExist where the file was merged into
// another since it was listed, or has expired.
func (v *View) Batches(ctx context.Context, file DataFile, s Selection, f func(*columnar.Batch) error) (err error) {
	from, err := v.store.Open(ctx, file.Name)
	if err != nil {
		return fmt.Errorf("read archive %s: %w", v.store, err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	switch {
	case file.Quarantine():
		return readBatches(ctx, v, parquetfile.Quarantine, file.Name, from, s, nil, s.Quarantined, f)
	case file.Reconciliations():
		return readBatches(ctx, v, parquetfile.Reconciliations, file.Name, from, s, nil, s.Reconciliation, f)
	default:
		return readBatches(ctx, v, parquetfile.Activities, file.Name, from, s, s.Columns, s.Activity, f)
	}
}

// EachFile calls pass with the data files that are not done. Where pass is incomplete because
// a file is gone, its rows are in a new file: the files are listed again.
func (v *View) EachFile(ctx context.Context, done map[string]bool, pass func([]DataFile) (complete bool, err error)) error {
	for range snapshotTries {
		list, err := v.Files(ctx)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(f DataFile) bool { return done[f.Name] })
		complete, err := pass(list)
		if err != nil || complete {
			return err
		}
	}
	return fmt.Errorf("files of the archive were replaced %d times while they were read", snapshotTries)
}

func readBatches[T any](ctx context.Context, v *View, t *parquetfile.Table[T], name string, from blobstore.Content, s Selection, columns []string, keep func(*T) bool, f func(*columnar.Batch) error) (err error) {
	r, err := parquetfile.NewReader(t, name, from, columns)
	if err != nil {
		return err
	}
	r.Show = v.show
	defer func() { err = errors.Join(err, r.Close()) }()
	if first, last, known := r.Period(); known && !s.overlaps(first, last) {
		return nil
	}
	rows := make([]T, batchRows)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(rows)
		to := columnar.NewBuilder(n)
		kept := false
		for i := range rows[:n] {
			row := &rows[i]
			if key := t.Key(row); s.includes(key.At) && (keep == nil || keep(row)) {
				t.Build(to, row)
				kept = true
			}
		}
		if kept {
			if err := f(to.Batch()); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *Selection) includes(at pcommon.Timestamp) bool {
	return (s.Since.IsZero() || at >= pcommon.NewTimestampFromTime(s.Since)) &&
		(s.Until.IsZero() || at < pcommon.NewTimestampFromTime(s.Until))
}

// overlaps reports whether rows between two times, both included, may be selected.
func (s *Selection) overlaps(first, last time.Time) bool {
	return (s.Since.IsZero() || !last.Before(s.Since)) && (s.Until.IsZero() || first.Before(s.Until))
}
