package heal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sync/errgroup"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Target is a ClickHouse database with the exporter's tables.
type Target interface {
	// Write stores batches. Storing them again changes nothing.
	Write(ctx context.Context, batches []*columnar.Batch) error
	Exec(ctx context.Context, sql string) error
	// Strings runs a query whose only column is text.
	Strings(ctx context.Context, sql string) ([]string, error)
	// Table is the quoted name of a table.
	Table(name string) string
}

// Progress is called with the bytes of the files that a step has read so far.
type Progress func(step string, done, total int64)

// Restore fills ClickHouse from an archive.
type Restore struct {
	From   *archive.View
	To     Target
	Filter Filter
	// Name is the same for restores of the same archive and filter: one that was
	// interrupted goes on where another of its name ended.
	Name string
	// ChunkRows is how many records one insert has; 0 is a good number.
	ChunkRows int
	// Progress may be nil.
	Progress Progress

	hours map[uint32]bool // that a repair is for; nil for all
}

// Restored is what a restore did.
type Restored struct {
	Files   int   // read
	Skipped int   // that an interrupted restore had stored
	Rows    int64 // stored, repetitions included
	Groups  int64 // summaries stored
	Erased  int64 // groups of forgotten persons, which have no summary any more
}

// ErrNothing says that nothing in the archive matches.
var ErrNothing = errors.New("nothing in the archive matches")

// Run stores what the filter selects. It may be repeated, and goes on after it was killed.
func (r *Restore) Run(ctx context.Context) (Restored, error) {
	if r.Progress == nil {
		r.Progress = func(string, int64, int64) {}
	}
	var done Restored
	p, err := openProgress(ctx, r.To, provisioning.HashID("restore", r.Name).String())
	if err != nil {
		return done, err
	}
	if err := r.files(ctx, p, &done); err != nil {
		return done, fmt.Errorf("%w; what was stored stays, and the same command goes on from there", err)
	}
	if done.Rows == 0 && done.Skipped == 0 {
		return done, errors.Join(ErrNothing, p.finish(ctx))
	}
	if done.Groups, done.Erased, err = r.groups(ctx); err != nil {
		return done, fmt.Errorf("%w; the records are stored, and the same command goes on from there", err)
	}
	return done, p.finish(ctx)
}

func (r *Restore) files(ctx context.Context, p *progress, done *Restored) error {
	done.Skipped = len(p.done)
	return r.From.EachFile(ctx, p.done, func(list []archive.DataFile) (bool, error) { return r.pass(ctx, list, p, done) })
}

// Inserts have many rows, because each makes a part in every table, and few at a time, to
// keep memory bounded.
const (
	chunkRows  = 60_000
	chunkBytes = 24 << 20
	writers    = 2
)

// chunk is what one insert stores.
type chunk struct {
	batches     []*columnar.Batch
	rows, bytes int
	files       []string // of which it has the last rows
	read        int64    // bytes of the files read up to here
	stored      chan error
}

// pass stores files. It is incomplete where a file is gone: it was merged into another one.
func (r *Restore) pass(ctx context.Context, list []archive.DataFile, p *progress, done *Restored) (complete bool, err error) {
	total := sizeOf(list)
	working, ctx := errgroup.WithContext(ctx)
	ordered := make(chan *chunk, writers-1) // and one that is waited for
	working.Go(func() (err error) {
		defer close(ordered)
		complete, err = r.read(ctx, list, func(c *chunk) error {
			select {
			case ordered <- c:
			case <-ctx.Done():
				return ctx.Err()
			}
			working.Go(func() error {
				c.stored <- r.store(ctx, c)
				return nil
			})
			return nil
		})
		return err
	})
	working.Go(func() error {
		for c := range ordered { // a file is stored when all chunks up to its last row are
			select {
			case err := <-c.stored:
				if err == nil {
					err = p.add(ctx, c.files)
				}
				if err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
			done.Files += len(c.files)
			done.Rows += int64(c.rows)
			r.Progress("records", c.read, total)
		}
		return nil
	})
	err = working.Wait()
	return complete, err
}

func (r *Restore) store(ctx context.Context, c *chunk) error {
	if c.rows == 0 {
		return nil
	}
	return r.To.Write(ctx, c.batches)
}

func (r *Restore) selection() archive.Selection {
	s := r.Filter.Selection()
	matches := s.Activity
	s.Activity = func(record *record.Record) bool { return matches(record) && concerns(r.hours, record) }
	return s
}

// read reads files and sends their rows in chunks.
func (r *Restore) read(ctx context.Context, list []archive.DataFile, send func(*chunk) error) (complete bool, err error) {
	selection, rows := r.selection(), cmp.Or(r.ChunkRows, chunkRows)
	next := func() *chunk { return &chunk{stored: make(chan error, 1)} }
	c, read := next(), int64(0)
	flush := func() error {
		c.read = read
		full := c
		c = next()
		return send(full)
	}
	complete = true
	for _, f := range list {
		err := r.From.Batches(ctx, f, selection, func(b *columnar.Batch) error {
			c.batches, c.rows, c.bytes = append(c.batches, b), c.rows+b.Len(), c.bytes+b.Size()
			if c.rows < rows && c.bytes < chunkBytes {
				return nil
			}
			return flush()
		})
		read += f.Size
		switch {
		case errors.Is(err, fs.ErrNotExist):
			complete = false
		case err != nil:
			return false, err
		default:
			c.files = append(c.files, f.Name)
		}
	}
	return complete, flush()
}
