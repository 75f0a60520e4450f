// Package tempfiles keeps what does not fit into memory in temporary files.
package tempfiles

import (
	"bufio"
	"errors"
	"io"
	"os"
)

// Parts are temporary files. Each is written, and then read.
type Parts struct{ parts []part }

type part struct {
	file *os.File
	to   *bufio.Writer
}

// Add makes so many parts more.
func (p *Parts) Add(n int) error {
	for range n {
		f, err := os.CreateTemp("", "provtrail-*")
		if err != nil {
			return err
		}
		p.parts = append(p.parts, part{f, bufio.NewWriterSize(f, 16<<10)})
	}
	return nil
}

// Len is how many parts there are.
func (p *Parts) Len() int { return len(p.parts) }

// Write appends to a part.
func (p *Parts) Write(part int, b []byte) error {
	_, err := p.parts[part].to.Write(b)
	return err
}

// Open returns what a part has, from its beginning.
func (p *Parts) Open(part int) (*bufio.Reader, error) {
	of := &p.parts[part]
	if err := of.to.Flush(); err != nil {
		return nil, err
	}
	if _, err := of.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(of.file, 64<<10), nil
}

// Close removes the files.
func (p *Parts) Close() (err error) {
	for _, of := range p.parts {
		err = errors.Join(err, of.file.Close(), os.Remove(of.file.Name()))
	}
	p.parts = nil
	return err
}
