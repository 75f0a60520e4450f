package report

import (
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/extsort"
	"github.com/provtrail/provtrail/provisioning/record"
)

// cell writes one value of a record as text.
type cell func(*record.Record) string

// cells makes the cells of the named columns. Times are written in the zone.
func cells(columns []string, zone *time.Location) []cell {
	list := make([]cell, len(columns))
	for i, name := range columns {
		list[i] = newCell(name, zone)
	}
	return list
}

func newCell(name string, zone *time.Location) cell {
	when := func(at pcommon.Timestamp) string {
		if at == 0 {
			return ""
		}
		return at.AsTime().In(zone).Format("2006-01-02T15:04:05.000Z07:00")
	}
	switch name {
	case "timed":
		return func(r *record.Record) string { return strconv.FormatBool(r.OccurredAt != 0) }
	case "occurred_at":
		return func(r *record.Record) string { return when(r.At()) }
	}
	f := record.Activities.Column(name)
	if f == nil {
		panic("report: there is no column " + name) // Filter.Validate has looked
	}
	return func(r *record.Record) string {
		switch f.Value {
		case record.ValueBool:
			return strconv.FormatBool(f.Number(r) != 0)
		case record.ValueInt, record.ValueUint:
			return strconv.FormatInt(f.Number(r), 10)
		case record.ValueTime:
			return when(pcommon.Timestamp(f.Number(r)))
		default:
			return f.Word(r)
		}
	}
}

// table is a sheet that can be written in any format.
type table struct {
	name    string
	columns []string
	// each calls f with the cells of each row, which f must not keep.
	each func(f func(cells []string) error) error
}

// fixed is a table of rows in memory.
func fixed(name string, columns []string, rows [][]string) table {
	return table{name, columns, func(f func([]string) error) error {
		for _, row := range rows {
			if err := f(row); err != nil {
				return err
			}
		}
		return nil
	}}
}

// sheet collects the rows of a table.
type sheet struct {
	table
	cells  []cell
	row    []byte
	sorter extsort.Sorter // of rows behind their places
	// unproven, where set, is called for each row and fills the column of that name.
	unproven func() string
}

func (r *report) newSheet(name string, columns []string) *sheet {
	s := &sheet{cells: cells(columns, r.filter.Zone), sorter: extsort.Sorter{Memory: memoryOfSorter}}
	if r.filter.AllowUnproven {
		s.unproven = r.unproven
		columns = append(slices.Clone(columns), "unproven")
	}
	s.table = table{name, columns, s.each}
	return s
}

// unproven is "yes" for a row of a file that is not as it was sealed.
func (r *report) unproven() string {
	if r.files[r.reading].proof.Problem != "" {
		return "yes"
	}
	return ""
}

func (s *sheet) add(r *record.Record) error {
	s.row = appendPlace(s.row[:0], r)
	put := func(text string) { s.row = append(binary.AppendUvarint(s.row, uint64(len(text))), text...) }
	for _, c := range s.cells {
		put(c(r))
	}
	if s.unproven != nil {
		put(s.unproven())
	}
	return s.sorter.Add(s.row)
}

func (s *sheet) each(f func([]string) error) error {
	row := make([]string, len(s.columns))
	return eachRow(&s.sorter, func(text []byte) error {
		for i := range row {
			n, head := binary.Uvarint(text)
			if head <= 0 || uint64(len(text)-head) < n {
				return errors.New("a temporary file was changed")
			}
			row[i], text = string(text[head:head+int(n)]), text[head+int(n):]
		}
		return f(row)
	})
}
