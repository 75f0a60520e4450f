package report

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// spool is a temporary file for a sheet that is written after the one it is found with.
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
	passwords, err := r.newSheet(held, passwordColumns)
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
	if err := r.file("coverage.csv", r.writeCoverage); err != nil {
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
	s, err := r.newSheet(w, columns)
	if err != nil {
		return 0, err
	}
	read := union(columns, passwordColumns, filterColumns)
	err = r.scan(r.latest, read, func(row uint64, record *record.Record) error {
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
	s, err := r.newSheet(w, historyColumns)
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
