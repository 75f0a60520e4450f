package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/provtrail/provtrail/provisioning/record"
)

// Snapshot holds files of activity records open, so that they can be read several
// times while the archive is written, sealed and expired. An event id may occur in
// two of its files: hours that are not sealed hold repetitions.
type Snapshot struct {
	Files []DataFile
	open  []content
	// copies are of objects that sealing is about to replace.
	copies []string
}

// Snapshot opens the activity files that keep asks for; nil asks for all.
func (v *View) Snapshot(ctx context.Context, keep func(DataFile) bool) (*Snapshot, error) {
	// A file that goes between listing and opening was just replaced or expired:
	// look again.
	for try := 0; ; try++ {
		s, err := v.snapshot(ctx, keep)
		if err == nil {
			return s, nil
		}
		if try == 10 || !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read archive %s: %w", v.store, err)
		}
	}
}

func (v *View) snapshot(ctx context.Context, keep func(DataFile) bool) (*Snapshot, error) {
	last := Hour(-1)
	if _, remote := v.store.(*bucket); remote {
		newest, err := newestSeal(ctx, v.store)
		if err != nil {
			return nil, err
		}
		last, _ = parseSealName(newest)
	}
	list, err := v.Files(ctx)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{}
	for _, f := range list {
		if f.Quarantine() || keep != nil && !keep(f) {
			continue
		}
		file, err := s.hold(ctx, v.store, f, f.Hour <= last)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.Files, s.open = append(s.Files, f), append(s.open, file)
	}
	return s, nil
}

// hold opens a file so that it stays readable: the disk keeps what is open. An
// object of an hour that is not sealed is small and soon replaced: it is copied.
func (s *Snapshot) hold(ctx context.Context, from store, f DataFile, sealed bool) (content, error) {
	if _, remote := from.(*bucket); !remote || sealed {
		return from.open(ctx, f.Name)
	}
	copied, err := os.CreateTemp("", "provtrail-open-hour-*"+extension)
	if err != nil {
		return nil, err
	}
	s.copies = append(s.copies, copied.Name())
	r, err := from.stream(ctx, f.Name)
	if err == nil {
		_, err = copied.ReadFrom(r)
		err = errors.Join(err, r.Close())
	}
	if err = errors.Join(err, copied.Close()); err != nil {
		return nil, err
	}
	return openLocal(copied.Name())
}

// Read reads a file from its beginning; see OpenRecords. Only one reader of a file
// may be in use at a time.
func (s *Snapshot) Read(file int, columns ...string) (*Reader[record.Record], error) {
	return newReader(activities, s.Files[file].Name, s.open[file], columns)
}

// Close closes the files.
func (s *Snapshot) Close() (err error) {
	for _, f := range s.open {
		err = errors.Join(err, f.Close())
	}
	for _, name := range s.copies {
		err = errors.Join(err, os.Remove(name))
	}
	s.open, s.copies = nil, nil
	return err
}
