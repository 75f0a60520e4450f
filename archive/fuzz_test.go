package archive

import (
	"os"
	"path"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning/record"
)

// FuzzParseSeal: a seal that can be read is one that signEntry could have written: of
// this version, with the signed line as it was.
func FuzzParseSeal(f *testing.F) {
	keys, err := LoadKeys(filepath.Join(f.TempDir(), "key.pem"))
	require.NoError(f, err)
	text, err := signEntry(&Entry{}, keys[0])
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte("{}\nAA==\n"))
	f.Add([]byte("{\"version\":1}\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseSeal(text)
		if err != nil {
			return
		}
		require.Equal(t, entryVersion, s.Version)
		require.Equal(t, text[:len(s.line)], s.line)
		_ = s.signedBy(public(keys[0]))
	})
}

// FuzzSealNames: a path that is taken for an hour's seal or data is the hour's own.
func FuzzSealNames(f *testing.F) {
	f.Add(sealName(HourOf(time.Date(2026, 11, 22, 14, 0, 0, 0, time.UTC))))
	f.Add("tenant=acme/date=2026-11-22/hour=14/a.parquet")
	f.Add("quarantine/date=2026-11-22/hour=14/../../x.parquet")
	f.Add("quarantine/date=2026-11-22/hour=14/x/../y.parquet")
	f.Fuzz(func(t *testing.T, name string) {
		if hour, ok := parseSealName(name); ok {
			require.Equal(t, name, sealName(hour))
		}
		if data, ok := parseName(name); ok {
			require.Equal(t, name, data.Name)
			require.Equal(t, path.Clean(name), name, "one file has one name")
		}
	})
}

// FuzzOpenRecords: a file that is no Parquet, or a damaged one, is an error that names
// it, and never ends the program.
func FuzzOpenRecords(f *testing.F) {
	dir := f.TempDir()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	a, err := Open(f.Context(), dir, Options{Now: func() time.Time { return now }})
	require.NoError(f, err)
	_, err = a.Write(f.Context(), Batch{Quarantined: []*record.Quarantined{{Tenant: "acme", Original: "{"}}})
	require.NoError(f, err)
	require.NoError(f, a.Close())
	files, err := filepath.Glob(filepath.Join(dir, quarantineDir, "*", "*", "*.parquet"))
	require.NoError(f, err)
	require.NotEmpty(f, files)
	good, err := os.ReadFile(files[0])
	require.NoError(f, err)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte("PAR1PAR1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		name := filepath.Join(t.TempDir(), "x.parquet")
		require.NoError(t, os.WriteFile(name, text, 0o600))
		r, err := OpenQuarantined(name)
		if err != nil {
			require.ErrorContains(t, err, name)
			return
		}
		rows := make([]record.Quarantined, 16)
		for range 64 {
			if n, err := r.Read(rows); err != nil || n == 0 {
				break
			}
		}
		require.NoError(t, r.Close())
	})
}

// FuzzReadRun: a run that is not as it was written is an error that names it, and never ends
// the program.
func FuzzReadRun(f *testing.F) {
	f.Add(writeRun(f, activities, records(0, 3)))
	f.Add(writeRun(f, activities, nil))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, run []byte) {
		rows, err := readRun(t, activities, run)
		if err == nil {
			require.Equal(t, byte(0), run[len(run)-1], "its end")
			require.LessOrEqual(t, len(rows), len(run))
		}
	})
}
