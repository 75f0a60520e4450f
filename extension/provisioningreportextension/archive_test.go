package provisioningreportextension

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// sealed makes an archive with a sealed hour of two hours ago.
func sealed(t *testing.T, location, key string) ed25519.PublicKey {
	t.Helper()
	keys, err := archive.CreateKey(key)
	require.NoError(t, err)
	now := noon.Add(-2 * time.Hour)
	a, err := archive.Open(t.Context(), location, archive.Options{Keys: keys, Spool: t.TempDir(), Now: func() time.Time { return now }})
	require.NoError(t, err)
	at := pcommon.NewTimestampFromTime(now)
	r := &record.Record{Observation: provisioning.Observation{Tenant: "Zürich", GroupID: "g0", IdentityName: "Ada", OccurredAt: at, ObservedAt: at}}
	r.EventID, r.ActivityID = provisioning.EventID(&r.Observation), provisioning.ActivityKey{GroupID: "g0"}.ID()
	_, err = a.Write(t.Context(), archive.Batch{Records: []*record.Record{r}})
	require.NoError(t, err)
	now = now.Add(time.Hour)
	_, err = a.SealDue(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Close())
	return keys[0].Public().(ed25519.PublicKey)
}

func TestTheArchiveIsListedAndDownloaded(t *testing.T) {
	for kind, location := range map[string]string{"folder": filepath.Join(t.TempDir(), "archive"), "bucket": archivetest.MemoryBucket(t)} {
		t.Run(kind, func(t *testing.T) {
			keyFile := filepath.Join(t.TempDir(), "archive-key.pem")
			key := sealed(t, location, keyFile)
			e, address, logs := serveFrom(t, location)
			e.config.PublicKey = archive.PublicKeyPath(keyFile)
			response, body := get(t, address+"/archive/")
			require.Equal(t, http.StatusOK, response.StatusCode)
			copied := t.TempDir()
			seals, open := 0, 0
			for lines := json.NewDecoder(bytes.NewReader(body)); ; {
				var f listed
				err := lines.Decode(&f)
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err)
				if f.Hour == nil {
					seals++
				} else if !f.Sealed {
					open++
				}
				response, text := get(t, address+strings.ReplaceAll(f.URL, "%", "%25"))
				require.Equal(t, http.StatusOK, response.StatusCode, f.URL)
				require.Len(t, text, int(f.Size))
				to := filepath.Join(copied, filepath.FromSlash(f.Name))
				require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o700))
				require.NoError(t, os.WriteFile(to, text, 0o600))

				response, part := get(t, address+strings.ReplaceAll(f.URL, "%", "%25"), "Range", "bytes=3-9")
				require.Equal(t, http.StatusPartialContent, response.StatusCode)
				require.Equal(t, text[3:10], part)
			}
			require.GreaterOrEqual(t, seals, 2)
			require.Equal(t, 1, open)
			v, err := archive.Verify(t.Context(), copied, archive.VerifyOptions{Keys: []ed25519.PublicKey{key}})
			require.NoError(t, err)
			require.Empty(t, v.Problems, "what was downloaded verifies")
			require.Equal(t, int64(1), v.Rows)

			_, pem := get(t, address+"/archive/public-key.pem")
			want, err := os.ReadFile(archive.PublicKeyPath(keyFile))
			require.NoError(t, err)
			require.Equal(t, string(want), string(pem))
			var noted map[string]any
			for _, entry := range logs.FilterMessage("archive file downloaded").All() {
				if entry.ContextMap()["range"] == "bytes=3-9" {
					noted = entry.ContextMap()
				}
			}
			require.Equal(t, int64(7), noted["bytes"])
			require.Contains(t, noted["path"], "/archive/files/")

			_, body = get(t, address+"/archive/?prefix=_chain/")
			require.Equal(t, seals, bytes.Count(body, []byte("\n")))
		})
	}
}

func TestOnlyTheArchivesFilesAreServed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "archive")
	sealed(t, dir, dir+"-signing-key.pem")
	e, address, _ := serveFrom(t, dir)
	for _, path := range []string{
		"_lock", "../archive-signing-key.pem", "..%2Farchive-signing-key.pem", "%2E%2E/archive-signing-key.pem", "_tmp/x", "/etc/passwd",
		"tenant=a/date=2026-11-22/hour=12/../../../../archive-signing-key.pem", "tenant=x/date=2026-11-22/hour=12/x.parquet",
	} {
		response, body := get(t, address+"/archive/files/"+path)
		require.NotEqual(t, http.StatusOK, response.StatusCode, path)
		require.NotContains(t, string(body), "PRIVATE")
	}
	response, _ := get(t, address+"/archive/public-key.pem")
	require.Equal(t, http.StatusOK, response.StatusCode, "the public key beside the archive")
	for range cap(e.pulls) {
		e.pulls <- struct{}{}
	}
	response, _ = get(t, address+"/archive/")
	require.Equal(t, http.StatusTooManyRequests, response.StatusCode)
	require.NotEmpty(t, response.Header.Get("Retry-After"))
	for range cap(e.pulls) {
		<-e.pulls
	}
}

func TestFormatsAndEvidenceAreDownloaded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "archive")
	key := sealed(t, dir, dir+"-signing-key.pem")
	_, address, logs := serveFrom(t, dir)
	until := "to=" + noon.Add(time.Minute).Format(time.RFC3339)
	response, body := get(t, address+"/report.ndjson?columns=group_id,status&"+until)
	require.Equal(t, "application/x-ndjson", response.Header.Get("Content-Type"))
	require.Equal(t, `{"group_id":"g1","status":"Failed"}`+"\n", string(body))
	response, again := get(t, address+"/report.zip?format=json&columns=group_id,status&"+until)
	require.Equal(t, body, again, "as the form asks")
	require.Contains(t, response.Header.Get("Content-Disposition"), ".ndjson")

	_, body = get(t, address+"/report.parquet?"+until)
	path := filepath.Join(t.TempDir(), "r.parquet")
	require.NoError(t, os.WriteFile(path, body, 0o600))
	r, err := archive.OpenRecords(path)
	require.NoError(t, err)
	rows := make([]record.Record, 2)
	n, err := r.Read(rows)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, "g1", rows[0].GroupID)
	require.NoError(t, r.Close())

	_, body = get(t, address+"/evidence.zip?identity=ada")
	v, err := report.VerifyEvidence(bytes.NewReader(body), int64(len(body)), []ed25519.PublicKey{key})
	require.NoError(t, err)
	require.Empty(t, v.Problems)
	require.Equal(t, 1, v.Proven)
	require.NotEmpty(t, v.SignedBy)
	_, body = get(t, address+"/report.zip?"+until)
	signed, err := report.Verify(bytes.NewReader(body), int64(len(body)), []ed25519.PublicKey{key})
	require.NoError(t, err)
	require.Empty(t, signed.Problems)
	response, body = get(t, address+"/report.xlsx?"+until)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, report.XLSX.MediaType(), response.Header.Get("Content-Type"))
	require.Equal(t, "PK", string(body[:2]))
	require.Equal(t, int64(1), logs.FilterMessage("evidence downloaded").All()[0].ContextMap()["events"])
}
