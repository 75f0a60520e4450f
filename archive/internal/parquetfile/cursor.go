package parquetfile

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
)

// cursor reads the values of one column of one row group, page by page.
type cursor struct {
	pages  parquet.Pages
	page   parquet.Page
	from   parquet.ValueReader
	values []parquet.Value
	texts  map[*byte][]byte // copies of dictionary texts, by their address in the page
	copied int              // bytes of texts
	arena  []byte
}

func newCursor(chunk parquet.ColumnChunk) *cursor { return &cursor{pages: chunk.Pages()} }

// Limits of the copies, so that a column without repetition, or of long texts, takes
// little memory.
const (
	maxTexts     = 4096
	maxTextBytes = 128 << 10
)

// read returns the next n values. Their bytes are never written to again.
func (c *cursor) read(n int) ([]parquet.Value, error) {
	if cap(c.values) < n {
		c.values = make([]parquet.Value, n)
	}
	c.values = c.values[:n]
	c.arena = nil
	for done := 0; done < n; {
		if c.from == nil {
			page, err := c.pages.ReadPage()
			if err != nil {
				return nil, unexpected(err)
			}
			c.page, c.from = page, page.Values()
		}
		got, err := c.from.ReadValues(c.values[done:])
		c.copyTexts(c.values[done : done+got])
		done += got
		if errors.Is(err, io.EOF) {
			parquet.Release(c.page)
			c.page, c.from = nil, nil
		} else if err != nil {
			return nil, err
		}
	}
	return c.values, nil
}

// copyTexts copies text out of the page, whose memory is reused.
func (c *cursor) copyTexts(values []parquet.Value) {
	dictionary := c.page.Dictionary() != nil
	for i, v := range values {
		if v.Kind() != parquet.ByteArray || v.IsNull() {
			continue
		}
		text := v.ByteArray()
		if len(text) == 0 {
			values[i] = parquet.ByteArrayValue(nil)
			continue
		}
		at := &text[0]
		kept, known := c.texts[at]
		if !known || !dictionary {
			kept = c.copy(text)
			if dictionary {
				c.remember(at, kept)
			}
		}
		values[i] = parquet.ByteArrayValue(kept)
	}
}

// remember keeps the copy of a dictionary text for the rows that follow.
func (c *cursor) remember(at *byte, text []byte) {
	if c.texts == nil {
		c.texts = map[*byte][]byte{}
	} else if c.copied > maxTextBytes || len(c.texts) >= maxTexts {
		clear(c.texts)
		c.copied = 0
	}
	c.texts[at] = text
	c.copied += len(text)
}

// copy allocates in large pieces.
func (c *cursor) copy(text []byte) []byte {
	if cap(c.arena)-len(c.arena) < len(text) {
		c.arena = make([]byte, 0, max(len(text), 8<<10))
	}
	start := len(c.arena)
	c.arena = append(c.arena, text...)
	return c.arena[start:len(c.arena):len(c.arena)]
}

func (c *cursor) close() error {
	if c.page != nil {
		parquet.Release(c.page)
		c.page, c.from = nil, nil
	}
	return c.pages.Close()
}

// unexpected replaces io.EOF where more is expected.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
