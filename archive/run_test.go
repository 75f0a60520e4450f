package archive

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning/record"
)

func writeRun[T any](t testing.TB, table *table[T], rows []*T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := newRunWriter(table, &b)
	for part := range rows {
		require.NoError(t, w.write(rows[part:part+1]))
	}
	require.NoError(t, w.close())
	return b.Bytes()
}

func readRun[T any](t *testing.T, table *table[T], run []byte) (rows []T, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run")
	require.NoError(t, os.WriteFile(path, run, 0o600))
	r, err := openRun(table, path)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	for {
		batch, err := r.read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			require.ErrorContains(t, err, path)
			return rows, err
		}
		rows = append(rows, batch...)
	}
}

func TestARunHasTheRowsOfItsMerge(t *testing.T) {
	for name, n := range map[string]int{"none": 0, "one": 1, "full batches": 2 * runRows, "more": 3*runRows + 5} {
		t.Run(name, func(t *testing.T) {
			want := records(0, n, func(r *record.Record) {
				if r.EventID[0]%4 == 0 { // some batches end for their bytes
					r.Original = strings.Repeat("x", runBytes/9)
				}
			})
			got, err := readRun(t, activities, writeRun(t, activities, want))
			require.NoError(t, err)
			require.Len(t, got, len(want))
			for i := range got {
				require.Equal(t, *want[i], got[i])
			}
		})
	}
	bad := &record.Quarantined{EventID: id(1), Tenant: "acme", Reason: "line 3", Original: "{", Size: 1, ObservedAt: at(noon)}
	got, err := readRun(t, quarantine, writeRun(t, quarantine, []*record.Quarantined{bad}))
	require.NoError(t, err)
	require.Equal(t, []record.Quarantined{*bad}, got)
}

// TestADamagedRunIsAnError: the files it was made of are removed when their hour is sealed, so
// a run that is cut short or changed may never pass for a shorter one.
func TestADamagedRunIsAnError(t *testing.T) {
	run := writeRun(t, activities, records(0, 3, func(r *record.Record) { r.Original = strings.Repeat("x", runBytes) })) // 3 batches
	_, err := readRun(t, activities, append(bytes.Clone(run), 0))
	require.ErrorContains(t, err, "behind its end")
	for at := range run {
		if _, err := readRun(t, activities, run[:at]); err == nil {
			t.Fatalf("cut after byte %d: no error", at)
		}
		flipped := bytes.Clone(run)
		flipped[at] ^= 1 << (at % 8)
		if rows, err := readRun(t, activities, flipped); err == nil {
			t.Fatalf("byte %d: no error, %d rows", at, len(rows))
		}
	}
}
