package report

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// signedReport is a report on a sealed hour, and the key that verifies it.
func signedReport(t *testing.T) (report []byte, key ed25519.PublicKey) {
	t.Helper()
	keys, err := archive.CreateKey(t.TempDir() + "/key")
	require.NoError(t, err)
	password := func(r *record.Record) { r.Kind = provisioning.KindPassword }
	dir := storeWith(t, keys, true, []*record.Record{
		state(1, 2, provisioning.StatusPending), state(1, 4, provisioning.StatusFailed), state(2, 2, provisioning.StatusSuccess), state(3, 2, provisioning.StatusFailed, password),
	})
	var b bytes.Buffer
	m, err := WriteAs(t.Context(), dir, day(), Zip, keys, &b)
	require.NoError(t, err)
	require.Equal(t, chain.KeyID(chain.Public(keys[0])), m.SignedBy)
	return b.Bytes(), chain.Public(keys[0])
}

func verified(t require.TestingT, report []byte, keys ...ed25519.PublicKey) *Verification {
	v, err := Verify(bytes.NewReader(report), int64(len(report)), keys)
	require.NoError(t, err)
	return v
}

// named expects that a problem names the file.
func named(t require.TestingT, v *Verification, kind archive.ProblemKind, file string) {
	require.True(t, slices.ContainsFunc(v.Problems, func(p archive.Problem) bool { return p.Kind == kind && p.Name == file }), "%s %s in %v", kind, file, v.Problems)
}

// forgeReport gives the manifest the digests and numbers of rows of the files.
func forgeReport(t require.TestingT, files map[string][]byte, change func(*Manifest)) {
	var m Manifest
	require.NoError(t, json.Unmarshal(files[packManifest], &m))
	for i, s := range m.Sheets {
		sum := sha256.Sum256(files[s.Name])
		m.Sheets[i].SHA256, m.Sheets[i].Rows = hex.EncodeToString(sum[:]), int64(bytes.Count(files[s.Name], []byte("\n"))-1)
	}
	change(&m)
	text, err := json.MarshalIndent(m, "", "  ")
	require.NoError(t, err)
	files[packManifest] = append(text, '\n')
}

func TestAReportIsVerified(t *testing.T) {
	report, key := signedReport(t)
	require.True(t, IsReport(bytes.NewReader(report), int64(len(report))))
	v := verified(t, report, key)
	require.Empty(t, v.Problems)
	require.Equal(t, chain.KeyID(key), v.SignedBy)
	require.Equal(t, map[string]int64{"activities.csv": 3, "history.csv": 4, "summary.csv": 2, "passwords.csv": 1, "coverage.csv": 25}, func() map[string]int64 {
		rows := map[string]int64{}
		for _, s := range v.Sheets {
			rows[s.Name] = s.Rows
		}
		return rows
	}())
	other, _, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	named(t, verified(t, report, other), archive.BadSeal, packSignature)
	named(t, verified(t, report), archive.BadSeal, packSignature)
}

func TestATamperedReportIsFound(t *testing.T) {
	report, key := signedReport(t)
	whole := unzip(t, report)
	require.Empty(t, verified(t, rezip(t, whole), key).Problems)
	names := slices.Sorted(maps.Keys(whole))
	rapid.Check(t, func(rt *rapid.T) {
		files := maps.Clone(whole)
		name := rapid.SampledFrom(names).Draw(rt, "file")
		files[name] = slices.Clone(files[name])
		at := rapid.IntRange(0, len(files[name])-1).Draw(rt, "byte")
		files[name][at] ^= byte(1 << rapid.IntRange(0, 7).Draw(rt, "bit"))
		v := verified(rt, rezip(t, files), key)
		require.False(rt, v.OK(), "byte %d of %s", at, name)
		require.True(rt, slices.ContainsFunc(v.Problems, func(p archive.Problem) bool {
			return p.Name == name || name == packManifest && p.Name == packSignature
		}), "%v names %s", v.Problems, name)
		if name != packManifest && name != packSignature {
			forgeReport(rt, files, func(*Manifest) {})
			named(rt, verified(rt, rezip(t, files), key), archive.BadSeal, packSignature)
		}
	})
	for _, name := range names {
		files := maps.Clone(whole)
		delete(files, name)
		named(t, verified(t, rezip(t, files), key), archive.Removed, name)
	}
	files := maps.Clone(whole)
	files["more.csv"] = []byte("a\n")
	named(t, verified(t, rezip(t, files), key), archive.Added, "more.csv")

	lines := bytes.SplitAfter(whole["activities.csv"], []byte("\n"))
	for _, rows := range [][][]byte{slices.Delete(slices.Clone(lines), 1, 2), slices.Insert(slices.Clone(lines), 1, lines[1])} {
		files := maps.Clone(whole)
		files["activities.csv"] = bytes.Join(rows, nil)
		named(t, verified(t, rezip(t, files), key), archive.Altered, "activities.csv")
		forgeReport(t, files, func(*Manifest) {})
		named(t, verified(t, rezip(t, files), key), archive.BadSeal, packSignature)
		delete(files, packSignature)
		named(t, verified(t, rezip(t, files), key), archive.Removed, packSignature)
		forgeReport(t, files, func(m *Manifest) { m.SignedBy = "" })
		named(t, verified(t, rezip(t, files), key), Unsigned, packManifest)
	}
}

// TestAReportAfterARotation is verified by the oldest key alone.
func TestAReportAfterARotation(t *testing.T) {
	dir := t.TempDir()
	_, keys, oldest := rotated(t, dir)
	var b bytes.Buffer
	m, err := WriteAs(t.Context(), dir, day(), Zip, keys, &b)
	require.NoError(t, err)
	require.NotEqual(t, chain.KeyID(oldest), m.SignedBy)
	require.Empty(t, verified(t, b.Bytes(), oldest).Problems)
}

// TestAnUnsignedReportIsNotOK: its digests may fit, and nothing proves them.
func TestAnUnsignedReportIsNotOK(t *testing.T) {
	dir := store(t, true, []*record.Record{state(1, 2, provisioning.StatusPending)})
	var b bytes.Buffer
	_, err := WriteAs(t.Context(), dir, day(), Zip, nil, &b)
	require.NoError(t, err)
	v := verified(t, b.Bytes())
	require.Len(t, v.Problems, 1)
	named(t, v, Unsigned, packManifest)
}
