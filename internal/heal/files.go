package heal

import (
	"context"
	"errors"
	"io/fs"

	"github.com/provtrail/provtrail/archive"
)

// scan reads files for the sake of its selection, whose functions keep nothing.
type scan struct {
	of        func(archive.DataFile) bool // which files
	selection archive.Selection
	failed    error                   // of the selection's functions
	begin     func(bytes int64) error // called first with what is to be read, and again where files were replaced
	progress  func(done, total int64)
}

func (s *scan) run(ctx context.Context, from *archive.View) error {
	done := map[string]bool{}
	return from.EachFile(ctx, done, func(list []archive.DataFile) (complete bool, err error) {
		total, read := sizeOf(list), int64(0)
		if err := s.begin(total); err != nil {
			return false, err
		}
		complete = true
		for _, f := range list {
			if s.of(f) {
				err = from.Batches(ctx, f, s.selection, nil)
			}
			switch {
			case s.failed != nil:
				return false, s.failed
			case errors.Is(err, fs.ErrNotExist):
				complete, err = false, nil
			case err != nil:
				return false, err
			default:
				done[f.Name] = true
			}
			read += f.Size
			s.progress(read, total)
		}
		return complete, nil
	})
}

func sizeOf(list []archive.DataFile) (bytes int64) {
	for _, f := range list {
		bytes += f.Size
	}
	return bytes
}
