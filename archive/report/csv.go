package report

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
)

// byteOrderMark makes spreadsheets read a CSV file as UTF-8.
const byteOrderMark = "\ufeff"

// skipMark reads what follows a byte order mark, if there is one.
func skipMark(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if start, err := b.Peek(len(byteOrderMark)); err == nil && string(start) == byteOrderMark {
		_, _ = b.Discard(len(byteOrderMark)) // it was peeked
	}
	return b
}

// writeCSV writes a table, with a byte order mark if it is asked for.
func writeCSV(to io.Writer, t table, mark bool) (rows int64, err error) {
	if mark {
		if _, err := io.WriteString(to, byteOrderMark); err != nil {
			return 0, err
		}
	}
	w := csv.NewWriter(to)
	if err := w.Write(t.columns); err != nil {
		return 0, err
	}
	safe := make([]string, len(t.columns))
	err = t.each(func(cells []string) error {
		for i, c := range cells {
			safe[i] = Harmless(c)
		}
		rows++
		return w.Write(safe)
	})
	w.Flush()
	return rows, errors.Join(err, w.Error())
}

// Harmless puts an apostrophe before what a spreadsheet would run as a formula
// (OWASP, "CSV Injection"). White space before the sign does not help it.
func Harmless(text string) string {
	for i := range len(text) {
		switch text[i] {
		case ' ', '\n', '\v', '\f':
			continue
		case '=', '+', '-', '@', '\t', '\r':
			return "'" + text
		}
		break
	}
	for _, wide := range []string{"＝", "＋", "－", "＠"} {
		if len(text) >= len(wide) && text[:len(wide)] == wide {
			return "'" + text
		}
	}
	return text
}
