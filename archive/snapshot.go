package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/cenkalti/backoff/v5"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Snapshot holds files of activity records open, so that they can be read several
// times while the archive is written and sealed and files expire. An event may occur
// in two of the files: hours that are not sealed hold repetitions.
type Snapshot struct {
	Files []DataFile
	// LastSealed is the last hour that was sealed when the files were listed; -1 where
	// none was.
	LastSealed Hour
	open       []blobstore.Content
	show       func(column, text string) (string, error)
}

// snapshotTries is how often the files are listed again because one of them was
// replaced or expired between listing and opening.
const snapshotTries = 10

// Snapshot opens the activity files for which keep returns true; nil keeps all.
func (v *View) Snapshot(ctx context.Context, keep func(DataFile) bool) (*Snapshot, error) {
	return v.snapshotOf(ctx, keep, "", "")
}

// SnapshotWith opens those of the files that may have a row with the text in a column
// that has bloom filters: group_id, activity_id, identity_id or event_id. A file in a
// hundred is among them without need. No more files than these are open at a time.
func (v *View) SnapshotWith(ctx context.Context, keep func(DataFile) bool, column, text string) (*Snapshot, error) {
	return v.snapshotOf(ctx, keep, column, text)
}

func (v *View) snapshotOf(ctx context.Context, keep func(DataFile) bool, column, text string) (*Snapshot, error) {
	s, err := backoff.Retry(ctx, func() (*Snapshot, error) {
		s, err := v.snapshot(ctx, keep, column, text)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			err = backoff.Permanent(err)
		}
		return s, err
	}, backoff.WithBackOff(&backoff.ZeroBackOff{}), backoff.WithMaxTries(snapshotTries))
	if err != nil {
		return nil, fmt.Errorf("read archive %s: %w", v.store, err)
	}
	return s, nil
}

func (v *View) snapshot(ctx context.Context, keep func(DataFile) bool, column, text string) (*Snapshot, error) {
	last, sealed, err := v.LastSealed(ctx)
	if err != nil {
		return nil, err
	}
	list, err := v.Files(ctx)
	if err != nil {
		return nil, err
	}
	if f := record.Activities.Column(column); v.show != nil && f != nil && f.Personal {
		column = "" // the filters are of encrypted texts
	}
	s := &Snapshot{LastSealed: -1, show: v.show}
	if sealed {
		s.LastSealed = last
	}
	for _, f := range list {
		if !f.Activities() || keep != nil && !keep(f) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, errors.Join(err, s.Close())
		}
		file, err := v.store.OpenHeld(ctx, f.Name, f.Hour <= s.LastSealed)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		if column != "" {
			may, err := parquetfile.MayHold(file, column, text)
			if err != nil {
				return nil, errors.Join(fmt.Errorf("file %s: %w", f.Name, err), file.Close(), s.Close())
			}
			if !may {
				if err := file.Close(); err != nil {
					return nil, errors.Join(err, s.Close())
				}
				continue
			}
		}
		s.Files, s.open = append(s.Files, f), append(s.open, file)
	}
	return s, nil
}

// Read reads a file from its beginning, see OpenRecords. Only one reader of a file may
// be in use at a time.
func (s *Snapshot) Read(file int, columns ...string) (*Reader[record.Record], error) {
	r, err := parquetfile.NewReader(parquetfile.Activities, s.Files[file].Name, s.open[file], columns)
	if err == nil {
		r.Show = s.show
	}
	return r, err
}

// Rows yields the rows of a file like Reader.All, see Read.
func (s *Snapshot) Rows(ctx context.Context, file int, columns ...string) iter.Seq2[*record.Record, error] {
	return func(yield func(*record.Record, error) bool) {
		r, err := s.Read(file, columns...)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = r.Close() }() // only read
		r.All(ctx)(yield)
	}
}

// ReadRows calls f with single rows of a file, whose numbers ascend, without reading what
// lies between them.
func (s *Snapshot) ReadRows(file int, numbers []int64, f func(*record.Record) error, columns ...string) error {
	r, err := s.Read(file, columns...)
	if err != nil {
		return err
	}
	return errors.Join(r.ReadRows(numbers, f), r.Close())
}

// Hash returns the SHA-256 of a file in hexadecimal.
func (s *Snapshot) Hash(file int) (string, error) { return blobstore.HashContent(s.open[file]) }

// Close closes the files.
func (s *Snapshot) Close() (err error) {
	for _, f := range s.open {
		err = errors.Join(err, f.Close())
	}
	s.open = nil
	return err
}
