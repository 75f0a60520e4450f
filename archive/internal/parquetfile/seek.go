package parquetfile

import (
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
)

// ReadRows calls f with single rows, whose numbers ascend, and reads only the pages that
// they lie in. A row is valid during the call, its text for ever. Nothing can be read
// afterwards.
func (r *Reader[T]) ReadRows(numbers []int64, f func(*T) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("read archive file %s: %w", r.name, err)
		}
	}()
	defer recovered(&err)
	first := int64(0) // row of the group
	for len(numbers) > 0 && len(r.groups) > 0 {
		end := first + r.groups[0].NumRows()
		if numbers[0] >= end {
			r.groups, first = r.groups[1:], end
			continue
		}
		if err := r.indexPages(r.groups[0]); err != nil {
			return err
		}
		if err := r.nextGroup(); err != nil {
			return err
		}
		for ; len(numbers) > 0 && numbers[0] < end; numbers = numbers[1:] {
			var row T
			for i, c := range r.want {
				values, err := r.cursors[i].at(numbers[0] - first)
				if err == nil {
					err = r.show(c, values)
				}
				if err == nil {
					err = c.set(&row, values[0])
				}
				if err != nil {
					return fmt.Errorf("column %s: %w", c.name, err)
				}
			}
			if err := f(&row); err != nil {
				return err
			}
		}
		first = end
	}
	if len(numbers) > 0 {
		return fmt.Errorf("there is no row %d", numbers[0])
	}
	return nil
}

// indexPages reads where the pages of the wanted columns begin, which is what makes seeking
// cheap.
func (r *Reader[T]) indexPages(g parquet.RowGroup) error {
	for _, c := range r.want {
		leaf, ok := g.Schema().Lookup(c.name)
		if !ok {
			continue // nextGroup names it
		}
		if _, err := g.ColumnChunks()[leaf.ColumnIndex].OffsetIndex(); err != nil && !errors.Is(err, parquet.ErrMissingOffsetIndex) {
			return fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	return nil
}

// at returns the value of a row of the row group.
func (c *cursor) at(row int64) ([]parquet.Value, error) {
	if c.page != nil {
		parquet.Release(c.page)
		c.page, c.from = nil, nil
	}
	if err := c.pages.SeekToRow(row); err != nil {
		return nil, err
	}
	return c.read(1)
}

// MayHold reports whether a file may have a row with the text in a column that has bloom
// filters. It errs in one of a hundred files, and never where the row is there.
func MayHold(f blobstore.Content, column, text string) (_ bool, err error) {
	defer recovered(&err)
	file, err := parquet.OpenFile(f, f.Size(), parquet.SkipPageIndex(true))
	if err != nil {
		return false, err
	}
	leaf, ok := file.Schema().Lookup(column)
	if !ok {
		return false, errors.New("has no column " + column)
	}
	for _, g := range file.RowGroups() {
		filter := g.ColumnChunks()[leaf.ColumnIndex].BloomFilter()
		if filter == nil {
			return true, nil
		}
		if found, err := filter.Check(textValue(text)); found || err != nil {
			return true, nil //nolint:nilerr // a filter that cannot be read excludes nothing
		}
	}
	return false, nil
}
