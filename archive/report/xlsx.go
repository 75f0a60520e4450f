package report

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

// A workbook's limits. What does not fit is named, never left out in silence.
const (
	maxSheetRows = 1 << 20 // with the heading; further rows go to a second sheet
	maxCellUnits = excelize.TotalCellChars
)

// writeWorkbook writes tables as the sheets of a workbook. Its rows are in temporary files
// until it is written.
func writeWorkbook(to io.Writer, tables []table) (rows []int64, err error) {
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	bold, err := book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		n, err := writeTable(book, t, bold)
		if err != nil {
			return nil, fmt.Errorf("sheet %s: %w", t.name, err)
		}
		rows = append(rows, n)
	}
	if err := book.DeleteSheet("Sheet1"); err != nil { // which a new workbook has
		return nil, err
	}
	return rows, book.Write(to)
}

func writeTable(book *excelize.File, t table, heading int) (rows int64, err error) {
	var s *bookSheet
	part := 0
	next := func() (err error) {
		if s != nil {
			if err := s.close(); err != nil {
				return err
			}
		}
		name := t.name
		if part++; part > 1 {
			name = fmt.Sprintf("%s %d", t.name, part)
		}
		s, err = newBookSheet(book, name, t.columns, heading)
		return err
	}
	if err := next(); err != nil {
		return 0, err
	}
	if err := t.each(func(cells []string) error {
		if s.row == maxSheetRows {
			if err := next(); err != nil {
				return err
			}
		}
		rows++
		return s.add(cells)
	}); err != nil {
		return rows, err
	}
	return rows, s.close()
}

// bookSheet is one sheet: its heading stays in view, and can filter the rows.
type bookSheet struct {
	book   *excelize.File
	name   string
	stream *excelize.StreamWriter
	counts []bool // columns that are numbers; the others are text
	values []any
	row    int
}

func newBookSheet(book *excelize.File, name string, columns []string, heading int) (*bookSheet, error) {
	if _, err := book.NewSheet(name); err != nil {
		return nil, err
	}
	stream, err := book.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	s := &bookSheet{book: book, name: name, stream: stream, counts: make([]bool, len(columns)), values: make([]any, len(columns)), row: 1}
	for i, c := range columns {
		s.counts[i] = isCount(c)
		s.values[i] = excelize.Cell{StyleID: heading, Value: c}
	}
	const width = 22 // characters: a time fits
	if err := errors.Join(
		stream.SetColWidth(1, len(columns), width),
		stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}),
	); err != nil {
		return nil, err
	}
	return s, stream.SetRow("A1", s.values)
}

func (s *bookSheet) add(cells []string) error {
	for i, c := range cells {
		s.values[i] = fit(c)
		if n, err := strconv.ParseInt(c, 10, 64); err == nil && s.counts[i] {
			s.values[i] = n
		}
	}
	s.row++
	return s.stream.SetRow("A"+strconv.Itoa(s.row), s.values)
}

func (s *bookSheet) close() error {
	last, err := excelize.CoordinatesToCellName(len(s.values), s.row)
	if err != nil {
		return err
	}
	if err := s.book.AutoFilter(s.name, "A1:"+last, nil); err != nil {
		return err
	}
	return s.stream.Flush()
}

// fit cuts a text that is longer than a cell can be, and ends it with a note.
func fit(text string) string {
	if len(text) <= maxCellUnits {
		return text
	}
	units := utf16.Encode([]rune(text))
	if len(units) <= maxCellUnits {
		return text
	}
	mark := fmt.Sprintf(" [cut: %d characters; the zip has all]", len(units))
	return string(utf16.Decode(units[:maxCellUnits-len(mark)])) + mark
}
