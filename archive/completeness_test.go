package archive

import (
	"crypto/ed25519"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// document n of an hour after noon is delivered in that hour, in two states.
func document(hour, n int) []*record.Record {
	return records(0, 2, func(r *record.Record) {
		made := noon.Add(time.Duration(hour)*time.Hour + time.Duration(n)*time.Second)
		r.VendorID, r.VendorCreatedAt, r.OccurredAt, r.ObservedAt = documentID(hour, n), at(made), at(made), at(made.Add(time.Minute))
		r.EventID = provisioning.HashID(r.VendorID, r.EventID.String())
	})
}

func documentID(hour, n int) string { return fmt.Sprintf("document %d of hour %d", n, hour) }

// statement is made in the hour after: the vendor has so many documents of an hour, and those
// below n were delivered.
func statement(hour, vendor, n int, change ...func(*record.Reconciliation)) *record.Reconciliation {
	var digest record.DocumentsDigest
	for i := range n {
		digest.Add(documentID(hour, i))
	}
	s := &record.Reconciliation{
		Tenant: "acme", Feed: provisioning.FeedREST, Hour: at(noon.Add(time.Duration(hour) * time.Hour)),
		ObservedAt: at(noon.Add(time.Duration(hour+1)*time.Hour + time.Minute)), Pass: 1, Verdict: record.VerdictAgreed,
		VendorCount: int64(vendor), Method: record.MethodCount, Observed: int64(n), Digest: digest.String(), Missing: int64(vendor - n),
	}
	if vendor > n {
		s.Verdict = record.VerdictShort
	}
	for _, f := range change {
		f(s)
	}
	s.EventID = record.ReconciliationID(s)
	return s
}

func (s *sealer) store1(hour int, b Batch) {
	s.t.Helper()
	s.now = noon.Add(time.Duration(hour)*time.Hour + 30*time.Minute)
	require.NoError(s.t, write(s.Archive.Write(s.t.Context(), b)))
}

func (s *sealer) verifyComplete(change ...func(*VerifyOptions)) *Verification {
	s.t.Helper()
	opt := VerifyOptions{Now: s.now}
	for _, k := range s.opt.Keys {
		opt.Keys = append(opt.Keys, ed25519.PublicKey(chain.Public(k)))
	}
	for _, f := range change {
		f(&opt)
	}
	v, err := Verify(s.t.Context(), s.dir, opt)
	require.NoError(s.t, err)
	require.NotNil(s.t, v.UnalteredUntil)
	return v
}

// TestEventsAreCheckedByObservation: several events that say the same are one observation.
func TestEventsAreCheckedByObservation(t *testing.T) {
	s := newSealer(t, Options{})
	one := document(0, 0)[0]
	one.Feed = provisioning.FeedEvents
	s.store1(0, Batch{Records: []*record.Record{one}})
	var digest record.DocumentsDigest
	digest.Add(one.EventID.String())
	s.store1(1, Batch{Reconciliations: []*record.Reconciliation{statement(0, 2, 2, func(s *record.Reconciliation) {
		s.Feed, s.Digest = provisioning.FeedEvents, digest.String()
	})}})
	s.seal(noon.Add(3 * time.Hour))
	v := s.verifyComplete()
	require.Empty(t, v.Completeness.Incomplete)
	require.Len(t, v.Completeness.Feeds, 1)
	require.Equal(t, noon.Add(time.Hour), *v.Completeness.Feeds[0].CompleteUntil)
}

func TestVerifyNamesIncompleteHours(t *testing.T) {
	s := newSealer(t, Options{})
	for hour := range 6 {
		var b Batch
		for n := range 4 {
			b.Records = append(b.Records, document(hour, n)...)
		}
		s.store1(hour, b)
	}
	require.Equal(t, "no reconciliation", s.verify().Completeness.NotShown)
	list := []*record.Reconciliation{
		statement(0, 4, 4), statement(1, 4, 4),
		statement(2, 6, 4, func(s *record.Reconciliation) { s.MissingIDs = []string{"x", "y"} }),
		statement(2, 4, 3, func(s *record.Reconciliation) { s.ObservedAt-- }), // an older one
		statement(3, 4, 4), statement(5, 5, 5),
		statement(0, 0, 0, func(s *record.Reconciliation) { s.Feed = provisioning.FeedSearch }),
	}
	quarantined := &record.Quarantined{Tenant: "acme", Feed: provisioning.FeedREST, VendorCreatedAt: at(noon), ObservedAt: at(noon.Add(6 * time.Hour)), Original: "{", EventID: id(1)}
	list[0].Quarantined, list[0].VendorCount = 1, 5
	s.store1(6, Batch{Reconciliations: list, Quarantined: []*record.Quarantined{quarantined}})

	// Somebody removes a document of hour 3 before the hour is sealed.
	names, err := filepath.Glob(filepath.Join(s.dir, "tenant=acme", noon.Add(3*time.Hour).Format("date=2006-01-02/hour=15"), "*.parquet"))
	require.NoError(t, err)
	require.Len(t, names, 1)
	r, err := OpenRecords(names[0])
	require.NoError(t, err)
	var left []*record.Record
	for _, row := range archivetest.Drain(t, r) {
		if row.VendorID != documentID(3, 1) {
			left = append(left, &row)
		}
	}
	require.NoError(t, r.Close())
	require.Len(t, left, 6)
	require.NoError(t, rewrite(names[0], left))

	s.seal(noon.Add(8 * time.Hour))
	v := s.verifyComplete()
	require.Empty(t, v.Problems, "it is as it was sealed")
	require.Len(t, v.Completeness.Feeds, 2)
	rest, search := v.Completeness.Feeds[0], v.Completeness.Feeds[1]
	require.Equal(t, noon.Add(2*time.Hour), *rest.CompleteUntil)
	require.Equal(t, noon.Add(6*time.Hour), rest.StatedUntil)
	require.Equal(t, []int64{5, 2, 19, 4}, []int64{int64(rest.Hours), int64(rest.CompleteHours), rest.Documents, rest.Missing})
	require.Equal(t, noon.Add(time.Hour), *search.CompleteUntil)
	incomplete := map[string]string{}
	for _, h := range v.Completeness.Incomplete {
		incomplete[h.String()] = fmt.Sprint(h.Missing, h.MissingIDs, " ", h.Problem)
	}
	require.Equal(t, map[string]string{
		"acme rest 2026-11-22T14Z": "2 [x y] the vendor has 6 documents, 4 were delivered (short)",
		"acme rest 2026-11-22T15Z": "1 [] 4 were turned into observations, the archive holds 3 of them",
		"acme rest 2026-11-22T16Z": "0 [] there is no statement",
		"acme rest 2026-11-22T17Z": "1 [] 5 were turned into observations, the archive holds 4 of them",
	}, incomplete)

	f := func(from, to int, want ...string) {
		t.Helper()
		v := s.verifyComplete(func(o *VerifyOptions) {
			o.CompleteFrom, o.CompleteTo = noon.Add(time.Duration(from)*time.Hour), noon.Add(time.Duration(to)*time.Hour)
		})
		var got []string
		for _, p := range v.Problems {
			require.Equal(t, Incomplete, p.Kind)
			got = append(got, p.Name)
		}
		require.Equal(t, want, got)
	}
	f(0, 1)
	f(0, 2, "acme search")
	f(1, 3, "acme rest 2026-11-22T14Z", "acme search")
	f(-1, 1, "acme rest", "acme search")
	f(4, 5, "acme rest", "acme search")
}

func rewrite(name string, rows []*record.Record) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return writeRows(f, rows)
}

func writeRows(f io.WriteCloser, rows []*record.Record) error {
	w := parquetfile.NewWriter(parquetfile.Activities, f)
	if err := w.WriteRows(rows); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Close()
}

// TestCompletenessOfWhatIsKept: hours whose files have expired are left out.
func TestCompletenessOfWhatIsKept(t *testing.T) {
	s := newSealer(t, Options{Retention: 4 * time.Hour})
	for hour := range 7 {
		b := Batch{Records: document(hour, 0)}
		if hour > 0 {
			b.Reconciliations = []*record.Reconciliation{statement(hour-1, 1, 1)}
		}
		s.store1(hour, b)
		s.seal(noon.Add(time.Duration(hour+1) * time.Hour))
	}
	v := s.verifyComplete()
	require.Positive(t, v.Expired)
	require.Empty(t, v.Completeness.Incomplete)
	feed := v.Completeness.Feeds[0]
	require.Equal(t, noon.Add(6*time.Hour), *feed.CompleteUntil)
	require.Equal(t, noon.Add(3*time.Hour), feed.Since)
}
