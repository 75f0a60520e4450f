package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
	"github.com/thedatashed/xlsxreader"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// TestFormatsHaveTheSameRows compares the rows of the formats: the chosen columns, in the
// order of time although each tenant has files of its own, with times in the chosen zone.
// Rows do not fit into memory.
func TestFormatsHaveTheSameRows(t *testing.T) {
	defer func(n int) { memoryOfSorter = n }(memoryOfSorter)
	memoryOfSorter = 20_000
	var batch []*record.Record
	for n := range 2500 {
		tenant := func(r *record.Record) { r.Tenant = []string{"acme", "zeta", "beta"}[n%3] }
		untimed := func(r *record.Record) {
			if n%5 == 0 {
				r.OccurredAt = 0
			}
		}
		batch = append(batch, state(n, 2, provisioning.StatusPending, tenant), state(n, 6, provisioning.Statuses[n%6], tenant, untimed))
	}
	dir := store(t, true, batch)
	f := day()
	f.Status = []string{"Failed", "Success"}
	f.Columns = []string{"activity_id", "status", "occurred_at", "timed", "group_number", "attempts"}
	var err error
	f.Zone, err = time.LoadLocation("Asia/Kolkata")
	require.NoError(t, err)
	want := pull(t, dir, f).sheets["activities.csv"]
	require.Greater(t, len(want), 800)
	require.True(t, slices.IsSortedFunc(want, func(a, b map[string]string) int { return strings.Compare(a["occurred_at"], b["occurred_at"]) }))
	require.Equal(t, "2026-11-22T17:30:06.000+05:30", want[0]["occurred_at"])
	require.Equal(t, "false", want[0]["timed"])

	var b bytes.Buffer
	m, err := WriteAs(t.Context(), dir, f, JSON, nil, &b)
	require.NoError(t, err)
	require.Equal(t, int64(len(want)), m.Sheets[0].Rows)
	for _, w := range want {
		line, err := b.ReadBytes('\n')
		require.NoError(t, err)
		got, text := map[string]any{}, map[string]string{}
		require.NoError(t, json.Unmarshal(line, &got))
		for name, value := range got {
			text[name] = fmt.Sprint(value)
		}
		text["occurred_at"] = strings.Replace(text["occurred_at"], "000+", "+", 1) // microseconds
		require.Equal(t, w, text)
	}
	require.Zero(t, b.Len())

	for _, columns := range [][]string{nil, f.Columns} {
		f.Columns = columns
		b.Reset()
		m, err = WriteAs(t.Context(), dir, f, Parquet, nil, &b)
		require.NoError(t, err)
		require.Equal(t, int64(len(want)), m.Sheets[0].Rows)
		require.Equal(t, cmp.Or(len(columns), len(archive.Columns())), parquetColumns(t, b.Bytes()))
		rows := parquetRows(t, b.Bytes(), columns)
		require.Len(t, rows, len(want))
		for i, w := range want {
			at := slices.IndexFunc(batch, func(r *record.Record) bool { return r.ActivityID.String() == w["activity_id"] && r.Version == 6 })
			if columns == nil {
				require.Equal(t, *batch[at], rows[i], "whole")
				continue
			}
			is := record.Record{ActivityID: batch[at].ActivityID, Status: batch[at].Status, GroupNumber: batch[at].GroupNumber}
			is.OccurredAt = batch[at].OccurredAt
			require.Equal(t, is, rows[i], "the chosen columns")
		}
	}
	for _, unknown := range []Format{"xls", "csv"} {
		_, err = WriteAs(t.Context(), dir, f, unknown, nil, io.Discard)
		require.ErrorIs(t, err, ErrFilter)
	}
	_, err = WriteAs(t.Context(), dir, f, "parket", nil, io.Discard)
	require.ErrorContains(t, err, `did you mean "parquet"?`)
}

func parquetColumns(t *testing.T, text []byte) int {
	t.Helper()
	file, err := parquet.OpenFile(bytes.NewReader(text), int64(len(text)))
	require.NoError(t, err)
	return len(file.Schema().Fields())
}

func parquetRows(t *testing.T, text []byte, columns []string) []record.Record {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r.parquet")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	r, err := archive.OpenRecords(path, columns...)
	require.NoError(t, err)
	rows := make([]record.Record, 10_000)
	n, err := r.Read(rows)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return rows[:n]
}

// TestAWorkbookHasTheSheetsOfTheZip reads it with another library than the one that wrote it.
func TestAWorkbookHasTheSheetsOfTheZip(t *testing.T) {
	long := strings.Repeat("x", 40_000)
	password := func(r *record.Record) {
		r.Kind, r.Attempts, r.ErrorMessage, r.GroupNumber = provisioning.KindPassword, 3, "=1+1", 9007199254740991
	}
	dir := store(t, true, []*record.Record{
		state(1, 2, provisioning.StatusPending), state(1, 4, provisioning.StatusFailed, func(r *record.Record) { r.ErrorMessage = long }), state(2, 2, provisioning.StatusFailed, password),
	})
	zipped := pull(t, dir, day())
	var b bytes.Buffer
	m, err := WriteAs(t.Context(), dir, day(), XLSX, nil, &b)
	require.NoError(t, err)
	book, err := xlsxreader.NewReader(b.Bytes())
	require.NoError(t, err)
	require.Equal(t, []string{"activities", "history", "summary", "passwords", "coverage"}, book.Sheets)
	for i, name := range book.Sheets {
		var columns []string
		rows := []map[string]string{}
		var types []map[string]xlsxreader.CellType
		for row := range book.ReadRows(name) {
			require.NoError(t, row.Error)
			cells, kinds := map[string]string{}, map[string]xlsxreader.CellType{}
			for _, c := range row.Cells {
				if row.Index == 1 {
					columns = append(columns, c.Value)
					continue
				}
				column := columns[c.ColumnIndex()]
				cells[column], kinds[column] = c.Value, c.Type
			}
			if row.Index > 1 {
				rows, types = append(rows, cells), append(types, kinds)
			}
		}
		require.Equal(t, int64(len(rows)), m.Sheets[i].Rows, name)
		want := zipped.sheets[name+".csv"]
		require.Len(t, rows, len(want), name)
		for n, w := range want {
			for column, value := range w {
				switch value {
				case "'=1+1":
					value = "=1+1" // a cell of text is no formula
				case long:
					require.Len(t, rows[n][column], 32767)
					require.Contains(t, rows[n][column], "40000 characters")
					continue
				}
				require.Equal(t, value, rows[n][column], "%s %s", name, column)
				if value != "" {
					require.Equal(t, isCount(column), types[n][column] == xlsxreader.TypeNumerical, "%s %s is %s", name, column, types[n][column])
				}
			}
		}
	}
	parts := unzip(t, b.Bytes())
	for n := range book.Sheets {
		text := string(parts[fmt.Sprintf("xl/worksheets/sheet%d.xml", n+2)])
		for _, part := range []string{`state="frozen" topLeftCell="A2" ySplit="1"`, `<autoFilter ref="$A$1:`} {
			require.Equal(t, 1, strings.Count(text, part), "%s in sheet %d", part, n)
		}
		require.Zero(t, strings.Count(text, "<f>"), "a formula in sheet %d", n)
	}
}

// TestCSVBeginsWithAByteOrderMark where it is asked for.
func TestCSVBeginsWithAByteOrderMark(t *testing.T) {
	dir := store(t, true, []*record.Record{state(1, 2, provisioning.StatusPending)})
	f := day()
	f.BOM = true
	var b bytes.Buffer
	_, err := WriteAs(t.Context(), dir, f, Zip, nil, &b)
	require.NoError(t, err)
	for name, text := range unzip(t, b.Bytes()) {
		require.Equal(t, strings.HasSuffix(name, ".csv"), bytes.HasPrefix(text, []byte(byteOrderMark)), name)
	}
	_, err = WriteAs(t.Context(), dir, f, XLSX, nil, &b)
	require.ErrorIs(t, err, ErrFilter)
}

// TestFilesOutsideThePeriodAreNotRead relies on the statistics in the files' footers.
func TestFilesOutsideThePeriodAreNotRead(t *testing.T) {
	dir := store(t, false, []*record.Record{state(1, 2, provisioning.StatusPending)}, []*record.Record{state(50, 2, provisioning.StatusFailed)},
		[]*record.Record{state(90, 2, provisioning.StatusFailed)})
	f := day()
	f.From, f.To = noon.Add(8*time.Minute), noon.Add(9*time.Minute)
	r, err := open(t.Context(), dir, f)
	require.NoError(t, err)
	require.Len(t, r.files, 1)
	require.Len(t, r.snapshots[0].Files, 3)
	require.NoError(t, r.close())
}
