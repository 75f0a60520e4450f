package s3

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"encoding/csv"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/s3blob"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

type writer struct {
	*archive.Archive
	t   *testing.T
	url string
	now time.Time
	opt archive.Options
}

func newWriter(t *testing.T, url string) *writer {
	t.Helper()
	keys, err := archive.CreateKey(filepath.Join(t.TempDir(), "key.pem"))
	require.NoError(t, err)
	w := &writer{t: t, url: url, now: noon}
	w.opt = archive.Options{Keys: keys, Spool: t.TempDir(), Now: func() time.Time { return w.now }}
	return w
}

func (w *writer) open() {
	w.t.Helper()
	var err error
	w.Archive, err = archive.Open(w.t.Context(), w.url, w.opt)
	require.NoError(w.t, err)
}

func (w *writer) verify() *archive.Verification {
	w.t.Helper()
	v, err := archive.Verify(w.t.Context(), w.url, archive.VerifyOptions{Keys: []ed25519.PublicKey{w.opt.Keys[0].Public().(ed25519.PublicKey)}})
	require.NoError(w.t, err)
	return v
}

// TestAnArchiveInS3 writes, seals, expires, holds, verifies and reports over S3.
func TestAnArchiveInS3(t *testing.T) {
	w := newWriter(t, newBucket(t, "whole"))
	w.opt.Retention = 4 * time.Hour
	w.opt.Holds = []archive.Hold{{Tenant: archivetest.Tenants[1], To: noon.Add(time.Hour)}}
	w.open()
	w.now = noon.Add(2 * time.Hour) // the first rows are of noon
	want := archivetest.Records(300, w.now)
	for part := range slices.Chunk(want, 100) {
		_, err := w.Write(t.Context(), archive.Batch{Records: part})
		require.NoError(t, err)
	}
	_, err := w.Write(t.Context(), archive.Batch{Records: want[:100]}) // delivered again
	require.NoError(t, err)
	w.now = noon.Add(3*time.Hour + time.Minute)
	sealed, err := w.SealDue(t.Context())
	require.NoError(t, err)
	require.Len(t, sealed, 3)
	require.NoError(t, w.Close())
	v := w.verify()
	require.Empty(t, v.Problems)
	require.Equal(t, int64(300), v.Rows, "each row once")

	var b bytes.Buffer
	_, err = report.WriteAs(t.Context(), w.url, report.Filter{From: noon.Add(-24 * time.Hour), To: w.now, Columns: []string{"activity_id"}}, report.Zip, nil, &b)
	require.NoError(t, err)
	require.Len(t, activities(t, b.Bytes()), current(want))

	// Six hours later all has expired but what is held.
	w.open()
	w.now = noon.Add(9 * time.Hour)
	_, err = w.SealDue(t.Context())
	require.NoError(t, err)
	require.NoError(t, w.Close())
	v = w.verify()
	require.Empty(t, v.Problems)
	require.Equal(t, 1, v.Files)
	require.Positive(t, v.Expired)
	list, err := archive.Files(t.Context(), w.url)
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Contains(t, list[0].Dir, "S%C3%B6hne")
}

func activities(t *testing.T, text []byte) [][]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	require.NoError(t, err)
	f, err := z.Open("activities.csv")
	require.NoError(t, err)
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	return rows[1:]
}

// current is how many activities have a state that may be reported.
func current(rows []*record.Record) int {
	ids := map[provisioning.ID]bool{}
	for _, r := range rows {
		if r.Current {
			ids[r.ActivityID] = true
		}
	}
	return len(ids)
}

// TestTamperingInS3 changes, removes and adds objects; verify names each.
func TestTamperingInS3(t *testing.T) {
	w := newWriter(t, newBucket(t, "tampered"))
	w.open()
	w.now = noon.Add(2 * time.Hour)
	_, err := w.Write(t.Context(), archive.Batch{Records: archivetest.Records(60, w.now)})
	require.NoError(t, err)
	w.now = noon.Add(4 * time.Hour)
	_, err = w.SealDue(t.Context())
	require.NoError(t, err)
	require.NoError(t, w.Close())
	list, err := archive.Files(t.Context(), w.url)
	require.NoError(t, err)
	require.Greater(t, len(list), 3)

	b, err := blob.OpenBucket(t.Context(), strings.Replace(w.url, "/audit", "", 1))
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	key := func(i int) string { return "audit/" + list[i].Name }
	text, err := b.ReadAll(t.Context(), key(0))
	require.NoError(t, err)
	text[len(text)/2] ^= 1
	require.NoError(t, b.WriteAll(t.Context(), key(0), text, nil))
	require.NoError(t, b.Delete(t.Context(), key(1)))
	added := strings.Replace(list[2].Name, ".parquet", "0.parquet", 1)
	require.NoError(t, b.WriteAll(t.Context(), "audit/"+added, []byte("PAR1"), nil))
	got := map[string]archive.ProblemKind{}
	for _, p := range w.verify().Problems {
		got[p.Name] = p.Kind
	}
	require.Equal(t, map[string]archive.ProblemKind{
		list[0].Name: archive.Altered, list[1].Name: archive.Removed, added: archive.Added,
	}, got)
}

// TestTheServerDecidesWhoSeals lets many write the same name on the condition that
// it is not there: one succeeds.
func TestTheServerDecidesWhoSeals(t *testing.T) {
	url := newBucket(t, "race")
	b, err := blob.OpenBucket(t.Context(), url)
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	var group sync.WaitGroup
	won := make([]bool, 8)
	for i := range won {
		group.Go(func() {
			w, err := b.NewWriter(t.Context(), "seal", &blob.WriterOptions{IfNotExist: true, ContentType: "text/plain"})
			if err == nil {
				_, _ = io.WriteString(w, "x")
				won[i] = w.Close() == nil
			}
		})
	}
	group.Wait()
	require.Len(t, slices.DeleteFunc(won, func(w bool) bool { return !w }), 1)
}

func TestOneWriterInS3(t *testing.T) {
	w := newWriter(t, newBucket(t, "lease"))
	w.open()
	other := w.opt
	other.Spool = t.TempDir()
	_, err := archive.Open(t.Context(), w.url, other)
	require.ErrorContains(t, err, "another process writes this archive")
	require.NoError(t, w.Close())
	second, err := archive.Open(t.Context(), w.url, other)
	require.NoError(t, err)
	require.NoError(t, second.Close())
}
