package report

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// rotated is an archive of two sealed hours, a rotated key between them, and an open
// one, with a person among others.
func rotated(t *testing.T, location string) (events []*record.Record, keys archive.Keys, oldest ed25519.PublicKey) {
	t.Helper()
	now := noon.Add(59 * time.Minute)
	first, err := archive.CreateKey(t.TempDir() + "/key")
	require.NoError(t, err)
	second, err := archive.CreateKey(t.TempDir() + "/key")
	require.NoError(t, err)
	opt := archive.Options{Keys: first, Now: func() time.Time { return now }, Spool: t.TempDir()}
	ada := func(change ...func(*record.Record)) func(*record.Record) {
		return func(r *record.Record) {
			r.IdentityID, r.IdentityName, r.AccountID = "ada.lovelace", "Ada Lovelace", "CN=Ada"
			r.RequesterName, r.ApproverName, r.ApprovalStatus = "Grace Hopper", "Alan Turing", "APPROVED"
			for _, f := range change {
				f(r)
			}
		}
	}
	other := func(r *record.Record) { r.IdentityID, r.IdentityName = "bob", "Bob Marley" }
	at := func(hour time.Duration) func(*record.Record) {
		return func(r *record.Record) {
			r.OccurredAt += pcommon.Timestamp(hour)
			r.ObservedAt = r.OccurredAt
		}
	}
	failed := ada(func(r *record.Record) { r.ErrorMessage, r.Attempts = "<b>LDAP 50</b>", 1 })
	retry := ada(at(time.Hour), func(r *record.Record) { r.Attempts = 2 })
	events = []*record.Record{
		state(1, 2, provisioning.StatusPending, ada()), state(1, 4, provisioning.StatusFailed, failed),
		state(1, 6, provisioning.StatusRetrying, retry),
		state(1, 8, provisioning.StatusSuccess, ada(at(2*time.Hour))),
	}
	var noise []*record.Record
	for n := range 50 {
		noise = append(noise, state(10+n, 2, provisioning.StatusSuccess, other), state(10+n, 3, provisioning.StatusFailed, other, at(time.Hour)))
	}
	for hour := range 3 {
		a, err := archive.Open(t.Context(), location, opt)
		require.NoError(t, err)
		var batch []*record.Record
		for _, r := range slices.Concat(events, noise) {
			if r.ObservedAt.AsTime().Hour() == 12+hour {
				batch = append(batch, r)
			}
		}
		_, err = a.Write(t.Context(), archive.Batch{Records: batch})
		require.NoError(t, err)
		if hour < 2 {
			now = now.Add(time.Hour)
			_, err = a.SealDue(t.Context())
			require.NoError(t, err)
		}
		require.NoError(t, a.Close())
		opt.Keys = append(slices.Clone(second), first...)
	}
	return events, opt.Keys, first[0].Public().(ed25519.PublicKey)
}

func TestEvidence(t *testing.T) {
	for _, location := range []string{t.TempDir(), archivetest.MemoryBucket(t)} {
		events, keys, key := rotated(t, location)
		for _, subject := range []Subject{{Identity: []string{"Ada.Lovelace"}}, {Group: []string{"1"}}, {Identity: []string{"cn=ada"}, Tenant: []string{"acme"}}} {
			var b bytes.Buffer
			p, err := WriteEvidence(t.Context(), location, subject, EvidenceOptions{Now: noon.Add(3 * time.Hour), Keys: keys}, &b)
			require.NoError(t, err)
			require.Equal(t, 4, p.Events)
			require.Equal(t, 3, p.Proven, "the third hour is open")
			files := unzip(t, b.Bytes())
			rows, err := csv.NewReader(bytes.NewReader(files[packSheet])).ReadAll()
			require.NoError(t, err)
			require.Len(t, rows, 5)
			for i, e := range events {
				require.Equal(t, e.EventID.String(), rows[i+1][slices.Index(rows[0], "event_id")])
				require.Contains(t, string(files[packDocument]), e.EventID.String())
				require.Equal(t, chain.Hash((&parquetfile.LeafHasher[record.Record]{Table: parquetfile.Activities}).Leaf(e)).String(), rows[i+1][slices.Index(rows[0], "row_sha256")])
			}
			for _, text := range []string{"Ada Lovelace", "Grace Hopper", "APPROVED", "Alan Turing", "&lt;b&gt;LDAP 50", "retry: attempt 2", "verified"} {
				require.Contains(t, string(files[packDocument]), text)
			}
			for _, text := range files {
				require.NotContains(t, string(text), "Bob Marley", "others are not in it")
			}
			v := checked(t, b.Bytes(), key)
			require.Empty(t, v.Problems)
			require.Equal(t, 3, v.Proven)
			require.Equal(t, 1, v.Open)
			require.Equal(t, chain.KeyID(chain.Public(keys[0])), v.SignedBy)
			coverage, err := readCoverage(bytes.NewReader(files[packCoverage]))
			require.NoError(t, err)
			require.Equal(t, [][]string{
				{"acme", "2026-11-22T12:00:00Z", "sealed", "1", "52", "0", "0", "0", "0", "0", "0", "not asked"},
				{"acme", "2026-11-22T13:00:00Z", "sealed", "1", "51", "0", "0", "0", "0", "0", "0", "not asked"},
				{"acme", "2026-11-22T14:00:00Z", "open", "1", "1", "0", "0", "0", "0", "0", "", "not asked"},
				{"acme", "2026-11-22T15:00:00Z", "open", "0", "0", "0", "0", "0", "0", "0", "", "not asked"},
			}, coverage)
			require.Contains(t, string(files[packDocument]), "2 sealed, 2 open")

			_, private, err := ed25519.GenerateKey(nil)
			require.NoError(t, err)
			v = checked(t, b.Bytes(), private.Public().(ed25519.PublicKey))
			require.Len(t, v.Problems, len(p.Chain)+2, "by another key nothing is proven")
			require.Zero(t, v.Proven)
		}
	}
}

func checked(t *testing.T, pack []byte, key ed25519.PublicKey) *PackVerification {
	t.Helper()
	v, err := VerifyEvidence(bytes.NewReader(pack), int64(len(pack)), []ed25519.PublicKey{key})
	require.NoError(t, err)
	return v
}

func unzip(t *testing.T, text []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	require.NoError(t, err)
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		files[f.Name], err = io.ReadAll(r)
		require.NoError(t, err)
	}
	return files
}

func rezip(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = w.Write(text)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

// TestATamperedPackIsFound changes a byte of each file of a pack in turn, and
// corrects the digests in the manifest as a forger would.
func TestATamperedPackIsFound(t *testing.T) {
	dir := t.TempDir()
	_, keys, key := rotated(t, dir)
	var b bytes.Buffer
	_, err := WriteEvidence(t.Context(), dir, Subject{Identity: []string{"ada.lovelace"}}, EvidenceOptions{Now: noon.Add(3 * time.Hour), Keys: keys}, &b)
	require.NoError(t, err)
	whole := unzip(t, b.Bytes())
	require.Empty(t, checked(t, rezip(t, whole), key).Problems)
	random := rand.New(rand.NewPCG(5, 6))
	names := []string{}
	for name := range whole {
		names = append(names, name)
	}
	slices.Sort(names)
	for range 80 {
		files := map[string][]byte{}
		for name, text := range whole {
			files[name] = slices.Clone(text)
		}
		name := names[random.IntN(len(names))]
		at := random.IntN(len(files[name]))
		files[name][at] ^= byte(1 << random.IntN(8))
		if name != packManifest {
			forge(t, files)
		}
		require.False(t, checked(t, rezip(t, files), key).OK(), "%s: byte %d of %q", name, at, whole[name])
		delete(files, name)
		require.False(t, checked(t, rezip(t, files), key).OK(), "%s removed", name)
	}

	// A forger makes an error vanish everywhere.
	files := map[string][]byte{}
	for name, text := range whole {
		files[name] = []byte(strings.ReplaceAll(strings.ReplaceAll(string(text), "LDAP 50", "LDAP 00"), `"attempts":1`, `"attempts":3`))
	}
	forge(t, files)
	v := checked(t, rezip(t, files), key)
	require.NotEmpty(t, v.Problems)
	require.True(t, slices.ContainsFunc(v.Problems, func(p archive.Problem) bool {
		return p.Name == packEvents && strings.Contains(p.Detail, "as it was sealed")
	}), v.Problems)
}

// forge gives the manifest the digests of the files.
func forge(t *testing.T, files map[string][]byte) {
	t.Helper()
	var p Pack
	require.NoError(t, json.Unmarshal(files[packManifest], &p))
	for i, s := range p.Sheets {
		sum := sha256.Sum256(files[s.Name])
		p.Sheets[i].SHA256 = hex.EncodeToString(sum[:])
	}
	var err error
	files[packManifest], err = p.text()
	require.NoError(t, err)
}

func TestEvidenceIsAboutSomebody(t *testing.T) {
	_, err := WriteEvidence(t.Context(), t.TempDir(), Subject{Tenant: []string{"acme"}}, EvidenceOptions{}, io.Discard)
	require.ErrorIs(t, err, ErrNoSubject)
	dir := t.TempDir()
	rotated(t, dir)
	var b bytes.Buffer
	_, err = WriteEvidence(t.Context(), dir, Subject{Identity: []string{"nobody"}}, EvidenceOptions{Now: noon.Add(3 * time.Hour)}, &b)
	require.ErrorIs(t, err, ErrNothing)
	require.ErrorContains(t, err, `identity "nobody"`)
	require.Zero(t, b.Len())
	_, err = WriteEvidence(t.Context(), dir, Subject{Identity: []string{"Ada Lovelaze"}}, EvidenceOptions{Now: noon.Add(3 * time.Hour)}, &b)
	require.ErrorContains(t, err, `did you mean "Ada Lovelace"?`)
}
