package report

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Manifest is manifest.json of a report.
type Manifest struct {
	Made   time.Time `json:"made"`
	Filter Filter    `json:"filter"`
	Zone   string    `json:"zone"`
	Sheets []Sheet   `json:"files"`
	// Archive lists the files that were read, and what proves them.
	Archive []Proof `json:"archive"`
}

// Sheet is one file of the zip.
type Sheet struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"` // without the heading
	SHA256 string `json:"sha256"`
}

// Proof is a file of the archive and the seal that lists it.
type Proof struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256,omitempty"` // as sealed
	Seal   string `json:"seal,omitempty"`   // SHA-256 of the seal
	Key    string `json:"key,omitempty"`    // that signed it
	Open   bool   `json:"open,omitempty"`   // the hour is not sealed yet
}

// Write writes the report on the archive at an address as a zip. The archive may be
// written meanwhile: the report shows it as it was when it began.
func Write(ctx context.Context, location string, f Filter, to io.Writer) (m *Manifest, err error) {
	r, done, err := open(ctx, location, f)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	r.zip = zip.NewWriter(to)
	if err := r.write(); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return r.manifest, nil
}

// open finds the rows of a report.
func open(ctx context.Context, location string, f Filter) (r *report, done func() error, err error) {
	if err := f.Validate(); err != nil {
		return nil, nil, err
	}
	f.Zone = zoneOf(&f)
	r = &report{ctx: ctx, filter: f}
	r.manifest = &Manifest{Made: time.Now().UTC(), Filter: f, Zone: f.Zone.String(), Sheets: []Sheet{}, Archive: []Proof{}}
	view, err := archive.OpenView(ctx, location)
	if err != nil {
		return nil, nil, err
	}
	done = func() (err error) {
		if r.snapshot != nil {
			err = r.snapshot.Close()
		}
		return errors.Join(err, r.activities.close(), view.Close())
	}
	// What happened in the period was observed in it or later, save for clocks that
	// go differently.
	first := archive.HourOf(f.From) - 1
	r.snapshot, err = view.Snapshot(ctx, func(f archive.DataFile) bool { return f.Hour >= first })
	if err == nil {
		err = r.prove(view)
	}
	if err == nil {
		err = r.decide()
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("report: %w", err), done())
	}
	return r, done, nil
}

type report struct {
	ctx      context.Context
	filter   Filter
	zip      *zip.Writer
	manifest *Manifest
	snapshot *archive.Snapshot
	skip     []bool // files that hold nothing of the period

	activities keys   // by activity
	once       bitmap // rows that are the first of their event id
	newest     bitmap // rows that are their activity's state at the end of the period
	chosen     bitmap // of those, the ones that the filter matches
	history    bitmap // rows of the chosen activities
}

func (r *report) prove(view *archive.View) error {
	seals := map[archive.Hour]*archive.Seal{}
	for _, f := range r.snapshot.Files {
		s, ok := seals[f.Hour]
		if !ok {
			var err error
			if s, err = view.Seal(r.ctx, f.Hour); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			seals[f.Hour] = s
		}
		p := Proof{Name: f.Name, Open: s == nil}
		if s != nil {
			for _, listed := range s.Files {
				if listed.Name == f.Name {
					p.SHA256, p.Seal, p.Key = listed.SHA256, s.Digest, s.Key
				}
			}
		}
		r.manifest.Archive = append(r.manifest.Archive, p)
	}
	return nil
}

// scan reads the rows of the period that are in the set (nil: all), with their
// numbers.
func (r *report) scan(set bitmap, columns []string, f func(row uint64, record *record.Record) error) error {
	batch := make([]record.Record, 1024)
	row := uint64(0)
	for i := range r.snapshot.Files {
		if len(r.skip) > i && r.skip[i] {
			continue
		}
		reader, err := r.snapshot.Read(i, columns...)
		if err != nil {
			return err
		}
		for {
			if err := r.ctx.Err(); err != nil {
				return errors.Join(err, reader.Close())
			}
			n, err := reader.Read(batch)
			for j := range batch[:n] {
				if set == nil || set.has(row) {
					if err := f(row, &batch[j]); err != nil {
						return errors.Join(err, reader.Close())
					}
				}
				row++
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return errors.Join(err, reader.Close())
			}
		}
		if err := reader.Close(); err != nil {
			return err
		}
	}
	return nil
}

// decide finds which rows count: of each event id the one told last, and of each activity
// the newest state in the period.
func (r *report) decide() (err error) {
	total := int64(0)
	r.skip = make([]bool, len(r.snapshot.Files))
	for i := range r.snapshot.Files {
		reader, err := r.snapshot.Read(i, "occurred_at")
		if err != nil {
			return err
		}
		first, last, known := reader.Period()
		if r.skip[i] = known && (!first.Before(r.filter.To) || last.Before(r.filter.From)); !r.skip[i] {
			total += reader.Rows()
		}
		if err := reader.Close(); err != nil {
			return err
		}
	}
	r.once, r.newest = newBitmap(total), newBitmap(total)
	r.chosen, r.history = newBitmap(total), newBitmap(total)

	var events keys
	defer func() { err = errors.Join(err, events.close()) }()
	err = r.scan(nil, []string{"event_id", "activity_id", "occurred_at", "observed_at", "version", "current"}, func(row uint64, record *record.Record) error {
		if !r.filter.within(record) {
			return nil
		}
		rank := uint64(0)
		if record.Current {
			rank = record.Version + 1
		}
		if err := r.activities.add(keyed{record.ActivityID, rank, row}); err != nil {
			return err
		}
		return events.add(keyed{record.EventID, record.Version + 1, row})
	})
	if err != nil {
		return err
	}
	if err := events.winners(func(_, winner uint64) { r.once.set(winner) }); err != nil {
		return err
	}
	return r.activities.winners(func(_, winner uint64) { r.newest.set(winner) })
}

// spool keeps what is written later than it is found.
func spool() (*os.File, func() error, error) {
	f, err := os.CreateTemp("", "provtrail-report")
	if err != nil {
		return nil, nil, err
	}
	return f, func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }, nil
}

// write writes the zip.
func (r *report) write() (err error) {
	held, done, err := spool()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	passwords, err := newSheet(held, passwordColumns, r.filter.Zone)
	if err != nil {
		return err
	}
	sum := newSummary()
	if err := r.file("activities.csv", func(w io.Writer) (int64, error) { return r.writeActivities(w, passwords, sum) }); err != nil {
		return err
	}
	if err := r.file("history.csv", r.writeHistory); err != nil {
		return err
	}
	if err := r.file("summary.csv", sum.write); err != nil {
		return err
	}
	if err := r.file("passwords.csv", func(w io.Writer) (int64, error) {
		if _, err := held.Seek(0, io.SeekStart); err != nil {
			return 0, err
		}
		_, err := io.Copy(w, held)
		return passwords.rows, err
	}); err != nil {
		return err
	}
	w, err := r.zip.Create("manifest.json")
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return errors.Join(encoder.Encode(r.manifest), r.zip.Close())
}

// file adds a file to the zip and to the manifest.
func (r *report) file(name string, write func(io.Writer) (rows int64, err error)) error {
	w, err := r.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: r.manifest.Made})
	if err != nil {
		return err
	}
	h := sha256.New()
	rows, err := write(io.MultiWriter(w, h))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	r.manifest.Sheets = append(r.manifest.Sheets, Sheet{name, rows, hex.EncodeToString(h.Sum(nil))})
	return nil
}

func (r *report) writeActivities(w io.Writer, passwords *sheet, sum *summary) (int64, error) {
	columns := r.filter.Columns
	if len(columns) == 0 {
		columns = activityColumns
	}
	s, err := newSheet(w, columns, r.filter.Zone)
	if err != nil {
		return 0, err
	}
	read := union(columns, passwordColumns, filterColumns)
	err = r.scan(r.newest, read, func(row uint64, record *record.Record) error {
		if !record.FoldedInto.IsZero() || !r.filter.matches(record) {
			return nil
		}
		r.chosen.set(row)
		sum.add(record)
		if record.Kind == provisioning.KindPassword {
			if err := passwords.add(record); err != nil {
				return err
			}
		}
		return s.add(record)
	})
	return s.rows, errors.Join(err, s.close(), passwords.close())
}

func (r *report) writeHistory(w io.Writer) (int64, error) {
	err := r.activities.winners(func(row, winner uint64) {
		if r.chosen.has(winner) && r.once.has(row) {
			r.history.set(row)
		}
	})
	if err != nil {
		return 0, err
	}
	s, err := newSheet(w, historyColumns, r.filter.Zone)
	if err != nil {
		return 0, err
	}
	err = r.scan(r.history, union(historyColumns), func(_ uint64, record *record.Record) error { return s.add(record) })
	return s.rows, errors.Join(err, s.close())
}

// union of column names, with those that times are made of.
func union(lists ...[]string) (all []string) {
	for _, list := range append(lists, []string{"occurred_at", "timed", "observed_at"}) {
		for _, c := range list {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all
}
