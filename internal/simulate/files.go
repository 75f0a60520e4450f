package simulate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/provtrail/provtrail/internal/simulate/model"
)

// feedFile writes one feed's documents as NDJSON: plain, appended to, whole lines
// at a time, a new file for every hour and after every maxSize bytes, so that a
// follower of files can read along.
type feedFile struct {
	dir, feed string
	maxSize   int64

	file *os.File
	hour int64
	part int
	size int64
	buf  bytes.Buffer
	json *json.Encoder
}

const flushSize = 256 << 10

func newFeedFile(dir, feed string, maxSize int64) (*feedFile, error) {
	f := &feedFile{dir: filepath.Join(dir, feed), feed: feed, maxSize: maxSize, hour: -1}
	f.json = json.NewEncoder(&f.buf)
	f.json.SetEscapeHTML(false)
	return f, os.MkdirAll(f.dir, 0o750)
}

// write appends a document that is written at the time.
func (f *feedFile) write(at int64, document any) error {
	if hour := at / (60 * minute); hour != f.hour || f.size+int64(f.buf.Len()) >= f.maxSize {
		if err := f.rotate(hour); err != nil {
			return err
		}
	}
	if err := f.json.Encode(document); err != nil {
		return fmt.Errorf("document of feed %s: %w", f.feed, err)
	}
	if f.buf.Len() >= flushSize {
		return f.flush()
	}
	return nil
}

func (f *feedFile) rotate(hour int64) error {
	if err := f.close(); err != nil {
		return err
	}
	if hour != f.hour {
		f.hour, f.part = hour, -1
	}
	f.part++
	name := fmt.Sprintf("%s-%s-%03d.ndjson", f.feed, model.Time(hour*60*minute).Format("20060102T15"), f.part)
	file, err := os.OpenFile(filepath.Join(f.dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	f.file, f.size = file, info.Size()
	return nil
}

// flush hands what is buffered, whole lines, to the file.
func (f *feedFile) flush() error {
	if f.buf.Len() == 0 {
		return nil
	}
	n, err := f.file.Write(f.buf.Bytes())
	f.size += int64(n)
	f.buf.Reset()
	return err
}

func (f *feedFile) close() error {
	if f.file == nil {
		return nil
	}
	err := errors.Join(f.flush(), f.file.Close())
	f.file = nil
	return err
}

// Documents yields the documents below an inbox, each valid until the next, in the order of
// the files.
func Documents(inbox string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		err := filepath.WalkDir(inbox, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			file, err := os.Open(path)
			if err != nil {
				return err
			}
			defer file.Close()
			lines := bufio.NewScanner(file)
			lines.Buffer(nil, 16<<20)
			for lines.Scan() {
				if !yield(lines.Bytes(), nil) {
					return fs.SkipAll
				}
			}
			return lines.Err()
		})
		if err != nil {
			yield(nil, err)
		}
	}
}
