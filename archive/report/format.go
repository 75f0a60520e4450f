package report

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/provtrail/provtrail/archive/internal/parquetfile"

	"github.com/provtrail/provtrail/provisioning/record"
)

// Format is what a report is written as.
type Format string

const (
	Zip     Format = "zip"     // CSV files and a manifest
	JSON    Format = "json"    // one activity a line
	Parquet Format = "parquet" // one file with the archive's columns
)

// Extension of a file's name.
func (f Format) Extension() string {
	if f == JSON {
		return ".ndjson"
	}
	return "." + string(f)
}

// MediaType of a download.
func (f Format) MediaType() string {
	switch f {
	case JSON:
		return "application/x-ndjson"
	case Parquet:
		return "application/vnd.apache.parquet"
	default:
		return "application/zip"
	}
}

// Validate refuses what is none of the three.
func (f Format) Validate() error {
	switch f {
	case Zip, JSON, Parquet:
		return nil
	}
	return fmt.Errorf("%w: format %q is none of zip, parquet, json", ErrFilter, string(f))
}

// WriteAs writes the report in a format; JSON and Parquet hold the activities alone,
// in them with all columns or those the filter names. Parquet keeps UTC and every
// column, in the archive's order.
func WriteAs(ctx context.Context, location string, f Filter, format Format, to io.Writer) (m *Manifest, err error) {
	if err := errors.Join(f.Validate(), format.Validate()); err != nil {
		return nil, err
	}
	if format != Zip && f.AllowUnproven {
		return nil, fmt.Errorf("%w: format %s has no column that marks unproven rows: use zip", ErrFilter, format)
	}
	if format == Zip {
		return Write(ctx, location, f, to)
	}
	r, done, err := open(ctx, location, f)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	name := "activities" + format.Extension()
	rows := int64(0)
	if format == JSON {
		rows, err = r.writeJSON(to)
	} else {
		rows, err = r.writeParquet(to)
	}
	if err != nil {
		return nil, fmt.Errorf("report: %s: %w", name, err)
	}
	r.manifest.Sheets = append(r.manifest.Sheets, Sheet{Name: name, Rows: rows})
	return r.manifest, nil
}

// chosenRows calls f with each activity that the filter matches.
func (r *report) chosenRows(columns []string, f func(*record.Record) error) (rows int64, err error) {
	if len(columns) > 0 {
		columns = union(columns, filterColumns)
	}
	err = r.scan(r.latest, columns, func(_ uint64, record *record.Record) error {
		if !record.FoldedInto.IsZero() || !r.filter.matches(record) {
			return nil
		}
		rows++
		return f(record)
	})
	return rows, err
}

func (r *report) writeJSON(to io.Writer) (int64, error) {
	w := bufio.NewWriterSize(to, 64<<10)
	var line []byte
	rows, err := r.chosenRows(r.filter.Columns, func(record *record.Record) error {
		line = append(parquetfile.AppendJSON(line[:0], record, r.filter.Columns...), '\n')
		_, err := w.Write(line)
		return err
	})
	return rows, errors.Join(err, w.Flush())
}

// batchOfParquet rows are encoded at once.
const batchOfParquet = 1024

func (r *report) writeParquet(to io.Writer) (int64, error) {
	w := parquetfile.NewUnsortedWriter(to)
	batch, pointers := make([]record.Record, 0, batchOfParquet), make([]*record.Record, batchOfParquet)
	for i := range pointers {
		pointers[i] = &batch[:cap(batch)][i]
	}
	rows, err := r.chosenRows(nil, func(record *record.Record) error {
		if batch = append(batch, *record); len(batch) < cap(batch) {
			return nil
		}
		err := w.WriteRows(pointers)
		batch = batch[:0]
		return err
	})
	if err != nil {
		return rows, err
	}
	return rows, errors.Join(w.WriteRows(pointers[:len(batch)]), w.Close())
}

// zoneOf is UTC where none is chosen.
func zoneOf(f *Filter) *time.Location {
	if f.Zone == nil {
		return time.UTC
	}
	return f.Zone
}
