package compact

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func writeSpill[T any](t testing.TB, table *parquetfile.Table[T], rows []*T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := newSpillWriter(table, &b)
	for part := range rows {
		require.NoError(t, w.WriteRows(rows[part:part+1]))
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

func readSpill[T any](t *testing.T, table *parquetfile.Table[T], spill []byte) (rows []T, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "spill")
	require.NoError(t, os.WriteFile(path, spill, 0o600))
	r, err := openSpill(table, path)
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

func TestASpillFileHasTheRowsOfItsMerge(t *testing.T) {
	for name, n := range map[string]int{"none": 0, "one": 1, "full batches": 2 * spillRows, "more": 3*spillRows + 5} {
		t.Run(name, func(t *testing.T) {
			want := records(0, n, func(r *record.Record) {
				if r.EventID[7]%4 == 0 { // some batches end for their bytes
					r.Original = strings.Repeat("x", spillBytes/9)
				}
			})
			got, err := readSpill(t, parquetfile.Activities, writeSpill(t, parquetfile.Activities, want))
			require.NoError(t, err)
			require.Len(t, got, len(want))
			for i := range got {
				require.Equal(t, *want[i], got[i])
			}
		})
	}
	bad := &record.Quarantined{EventID: id(1), Tenant: "acme", Reason: "line 3", Original: "{", Size: 1, ObservedAt: at(noon)}
	got, err := readSpill(t, parquetfile.Quarantine, writeSpill(t, parquetfile.Quarantine, []*record.Quarantined{bad}))
	require.NoError(t, err)
	require.Equal(t, []record.Quarantined{*bad}, got)
}

// TestADamagedSpillFileIsAnError: its sources are removed when their hour is sealed, so a
// truncated or changed spill file must not be read as a shorter one.
func TestADamagedSpillFileIsAnError(t *testing.T) {
	spill := writeSpill(t, parquetfile.Activities, records(0, 3, func(r *record.Record) { r.Original = strings.Repeat("x", spillBytes) })) // 3 batches
	_, err := readSpill(t, parquetfile.Activities, append(bytes.Clone(spill), 0))
	require.ErrorContains(t, err, "after its end")
	for at := range spill {
		if _, err := readSpill(t, parquetfile.Activities, spill[:at]); err == nil {
			t.Fatalf("cut after byte %d: no error", at)
		}
		flipped := bytes.Clone(spill)
		flipped[at] ^= 1 << (at % 8)
		if rows, err := readSpill(t, parquetfile.Activities, flipped); err == nil {
			t.Fatalf("byte %d: no error, %d rows", at, len(rows))
		}
	}
}

// FuzzReadSpill: a spill file that is not as it was written is an error that names it and
// never ends the program.
func FuzzReadSpill(f *testing.F) {
	f.Add(writeSpill(f, parquetfile.Activities, records(0, 3)))
	f.Add(writeSpill(f, parquetfile.Activities, nil))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, spill []byte) {
		rows, err := readSpill(t, parquetfile.Activities, spill)
		if err == nil {
			require.Equal(t, byte(0), spill[len(spill)-1], "its end")
			require.LessOrEqual(t, len(rows), len(spill))
		}
	})
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func at(t time.Time) pcommon.Timestamp { return pcommon.NewTimestampFromTime(t) }

func id(n int) (id provisioning.ID) {
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return id
}

func records(from, to int, change ...func(*record.Record)) (list []*record.Record) {
	for n := from; n < to; n++ {
		r := &record.Record{
			Observation: provisioning.Observation{EventID: id(n + 1), Tenant: "acme", GroupID: "g", ObservedAt: at(noon), Original: "{}"},
			RecordType:  record.TypeObservation, Attempts: 1,
		}
		for _, f := range change {
			f(r)
		}
		list = append(list, r)
	}
	return list
}
