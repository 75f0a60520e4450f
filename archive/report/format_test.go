package report

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// TestFormatsSayTheSame compares the rows of the three formats.
func TestFormatsSayTheSame(t *testing.T) {
	var batch []*record.Record
	for n := range 2500 {
		batch = append(batch, state(n, 2, provisioning.StatusPending), state(n, 6, provisioning.Statuses[n%6]))
	}
	dir := store(t, true, batch)
	f := day()
	f.Status = []string{"Failed", "Success"}
	f.Columns = []string{"activity_id", "status"}
	want := pull(t, dir, f).sheets["activities.csv"]
	require.Greater(t, len(want), 800)

	var b bytes.Buffer
	m, err := WriteAs(t.Context(), dir, f, JSON, &b)
	require.NoError(t, err)
	require.Equal(t, int64(len(want)), m.Sheets[0].Rows)
	for _, w := range want {
		line, err := b.ReadBytes('\n')
		require.NoError(t, err)
		var got map[string]string
		require.NoError(t, json.Unmarshal(line, &got))
		require.Equal(t, w, got)
	}
	require.Zero(t, b.Len())

	m, err = WriteAs(t.Context(), dir, f, Parquet, &b)
	require.NoError(t, err)
	require.Equal(t, int64(len(want)), m.Sheets[0].Rows)
	path := filepath.Join(t.TempDir(), "r.parquet")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	r, err := archive.OpenRecords(path)
	require.NoError(t, err)
	rows := make([]record.Record, len(want))
	n, err := r.Read(rows)
	require.NoError(t, err)
	require.Equal(t, len(want), n)
	for i, w := range want {
		require.Equal(t, w["activity_id"], rows[i].ActivityID.String())
		at := slices.IndexFunc(batch, func(r *record.Record) bool { return r.EventID == rows[i].EventID })
		require.Equal(t, *batch[at], rows[i], "whole")
	}
	require.NoError(t, r.Close())

	_, err = WriteAs(t.Context(), dir, f, "xls", io.Discard)
	require.ErrorIs(t, err, ErrFilter)
}

// TestFilesOutsideThePeriodAreNotRead relies on the statistics in the files' footers.
func TestFilesOutsideThePeriodAreNotRead(t *testing.T) {
	dir := store(t, false, []*record.Record{state(1, 2, provisioning.StatusPending)}, []*record.Record{state(50, 2, provisioning.StatusFailed)},
		[]*record.Record{state(90, 2, provisioning.StatusFailed)})
	f := day()
	f.From, f.To = noon.Add(8*time.Minute), noon.Add(9*time.Minute)
	r, done, err := open(t.Context(), dir, f)
	require.NoError(t, err)
	skipped := 0
	for _, s := range r.skip {
		if s {
			skipped++
		}
	}
	require.Equal(t, 2, skipped)
	require.NoError(t, done())
}
