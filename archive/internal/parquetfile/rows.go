package parquetfile

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
)

// All yields the rows that are left, each valid until the next, and an error last if there is
// one.
func (r *Reader[T]) All(ctx context.Context) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		rows := make([]T, max(1, min(1024, r.Rows())))
		for {
			n, err := r.Read(rows)
			for i := range rows[:n] {
				if !yield(&rows[i], nil) {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err = cmp.Or(err, ctx.Err()); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// Rows yields the rows of a file of a store like Reader.All, see NewReader and Reader.Show.
func Rows[T any](ctx context.Context, s blobstore.Store, t *Table[T], name string, columns []string, show func(column, text string) (string, error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		content, err := s.Open(ctx, name)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = content.Close() }() // only read
		r, err := NewReader(t, name, content, columns)
		if err != nil {
			yield(nil, err)
			return
		}
		defer func() { _ = r.Close() }()
		r.Show = show
		r.All(ctx)(yield)
	}
}
