package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func TestVerifySaysUpToWhenItIsComplete(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "archive")
	keys, err := archive.CreateKey(dir + "-signing-key.pem")
	require.NoError(t, err)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	a, err := archive.Open(t.Context(), dir, archive.Options{Keys: keys, Now: func() time.Time { return now }})
	require.NoError(t, err)
	hour := func(n int) pcommon.Timestamp {
		return pcommon.NewTimestampFromTime(time.Date(2026, 11, 22, n, 0, 0, 0, time.UTC))
	}
	r := &record.Record{Observation: provisioning.Observation{
		Tenant: "acme", GroupID: "g", Feed: provisioning.FeedREST, VendorID: "one", VendorCreatedAt: hour(10), ObservedAt: hour(12),
	}}
	r.EventID = provisioning.EventID(&r.Observation)
	var digest record.DocumentsDigest
	digest.Add("one")
	var statements []*record.Reconciliation
	for _, s := range []record.Reconciliation{
		{Feed: provisioning.FeedREST, Hour: hour(10), Verdict: record.VerdictAgreed, VendorCount: 1, Observed: 1, Digest: digest.String()},
		{Feed: provisioning.FeedREST, Hour: hour(11), Verdict: record.VerdictShort, VendorCount: 1, Missing: 1, MissingIDs: []string{"two\x1b"}, Digest: "0000000000000000"},
		{Feed: provisioning.FeedSearch, Hour: hour(10), Verdict: record.VerdictAgreed, Digest: "0000000000000000"},
	} {
		s.Tenant, s.ObservedAt = "acme", hour(12)
		s.EventID = record.ReconciliationID(&s)
		statements = append(statements, &s)
	}
	_, err = a.Write(t.Context(), archive.Batch{Records: []*record.Record{r}, Reconciliations: statements})
	require.NoError(t, err)
	now = now.Add(time.Hour)
	_, err = a.SealDue(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Close())

	out, err := runVerify(dir)
	require.NoError(t, err)
	require.Contains(t, out, "acme is complete until 2026-11-22 11:00 UTC, from 2026-11-22 10:00 UTC on, for rest, search\n")
	require.Contains(t, out, `incomplete    acme rest 2026-11-22T11Z: the vendor has 1 documents, 0 were delivered (short); missing: ["two\x1b"]`)
	_, err = runVerify(dir, "--complete-from", "2026-11-22T10:00:00Z", "--complete-to", "2026-11-22T11:00:00Z")
	require.NoError(t, err)
	out, err = runVerify(dir, "--complete-to", "2026-11-22T12:00:00Z", "--json")
	require.ErrorIs(t, err, errFindings)
	require.Equal(t, exitFindings, exitCode(err))
	var v archive.Verification
	require.NoError(t, json.NewDecoder(bytes.NewBufferString(out)).Decode(&v))
	require.Equal(t, archive.Incomplete, v.Problems[0].Kind)
	require.Equal(t, []string{"two\x1b"}, v.Completeness.Incomplete[0].MissingIDs)
	require.NotNil(t, v.UnalteredUntil)

	// A period of which nothing was asked is no complete one.
	_, err = runVerify(dir, "--complete-from", "2026-11-22T10:00:00Z", "--complete-to", "2026-11-22T10:00:00Z")
	require.ErrorContains(t, err, "--complete-from is not before --complete-to")
	require.Equal(t, exitFailed, exitCode(err))
	for _, period := range [][]string{
		{"--complete-from", "2026-11-22T08:00:00Z", "--complete-to", "2026-11-22T09:00:00Z"},
		{"--complete-from", "2026-11-22T14:00:00Z", "--complete-to", "2026-11-22T15:00:00Z"},
		{"--complete-from", "2026-11-22T09:00:00Z", "--complete-to", "2026-11-22T11:00:00Z"},
		{"--complete-to", "2026-11-22T09:00:00Z"},
		{"--complete-from", "2026-11-22T12:00:00Z"},
		{"--complete-from", "2026-11-22T11:10:00Z", "--complete-to", "2026-11-22T11:20:00Z"},
	} {
		_, err := runVerify(append([]string{dir}, period...)...)
		require.ErrorIs(t, err, errFindings, period)
	}
}
