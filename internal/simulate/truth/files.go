package truth

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// The files of the truth folder.
const (
	ActivitiesFile = "activities.ndjson"
	GroupsFile     = "groups.ndjson"
	SourcesFile    = "sources.ndjson"
)

// source is a line of sources.ndjson: a source whose name is known.
type source struct {
	ID   string `json:"source_id"`
	Name string `json:"source_name"`
}

// Writer writes the truth of groups as NDJSON. A later row of a group, with a higher
// revision, replaces an earlier one. A source's name holds for all rows, also for those
// that were written while only the id was known.
type Writer struct {
	Names Names // of the tenant that is written

	revision uint64
	named    int       // how many names are written
	files    [3]*lines // sources, activities, groups: in the order in which they are flushed
}

const (
	sources = iota
	activities
	groups
)

// NewWriter opens the truth files in dir; the first revision comes after start.
func NewWriter(dir string, start uint64) (*Writer, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	w := &Writer{Names: Names{}, revision: start}
	for i, name := range [...]string{SourcesFile, ActivitiesFile, GroupsFile} {
		var err error
		if w.files[i], err = openLines(filepath.Join(dir, name)); err != nil {
			return nil, errors.Join(err, w.close())
		}
	}
	return w, nil
}

// Write writes what is known of a group.
func (w *Writer) Write(l *Ledger) error {
	w.revision++
	rows, group, ok := l.Rows(w.revision)
	if !ok {
		return nil
	}
	for i := range rows {
		if err := w.files[activities].json.Encode(&rows[i]); err != nil {
			return err
		}
	}
	return w.files[groups].json.Encode(&group)
}

// Flush hands everything to the files: the activities first, so that no group is
// there without them.
func (w *Writer) Flush() error {
	if w.named < len(w.Names) {
		w.named = len(w.Names)
		for _, id := range slices.Sorted(maps.Keys(w.Names)) {
			if err := w.files[sources].json.Encode(source{id, w.Names[id]}); err != nil {
				return err
			}
		}
	}
	for _, f := range w.files {
		if err := f.buf.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// Close flushes and closes the files.
func (w *Writer) Close() error {
	return errors.Join(w.Flush(), w.close())
}

func (w *Writer) close() (err error) {
	for _, f := range w.files {
		if f != nil {
			err = errors.Join(err, f.file.Close())
		}
	}
	return err
}

type lines struct {
	file *os.File
	buf  *bufio.Writer
	json *json.Encoder
}

func openLines(path string) (*lines, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, err
	}
	l := &lines{file: file, buf: bufio.NewWriterSize(file, 1<<18)}
	l.json = json.NewEncoder(l.buf)
	l.json.SetEscapeHTML(false)
	return l, nil
}

// Truth is the newest state of every group.
type Truth struct {
	Activities map[string]Activity // by activity id
	Groups     map[string]Group    // by group id
}

// Read reads a truth folder.
func Read(dir string) (*Truth, error) {
	t := &Truth{Activities: map[string]Activity{}, Groups: map[string]Group{}}
	names := Names{}
	if err := readLines(filepath.Join(dir, SourcesFile), func(s source) { names[s.ID] = s.Name }); err != nil {
		return nil, err
	}
	err := readLines(filepath.Join(dir, GroupsFile), func(g Group) {
		for i, name := range g.Sources {
			g.Sources[i] = names.of(name)
		}
		slices.Sort(g.Sources)
		if known, ok := t.Groups[g.GroupID]; !ok || known.Revision < g.Revision {
			t.Groups[g.GroupID] = g
		}
	})
	if err != nil {
		return nil, err
	}
	err = readLines(filepath.Join(dir, ActivitiesFile), func(a Activity) {
		if t.Groups[a.GroupID].Revision == a.Revision {
			a.SourceName = names.of(a.SourceKey)
			t.Activities[a.ActivityID] = a
		}
	})
	return t, err
}

func readLines[T any](path string, each func(T)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	dec := json.NewDecoder(bufio.NewReaderSize(file, 1<<18))
	for line := 1; ; line++ {
		var row T
		switch err := dec.Decode(&row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s line %d: %w", path, line, err)
		}
		each(row)
	}
}
