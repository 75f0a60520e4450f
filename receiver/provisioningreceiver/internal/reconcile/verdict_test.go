package reconcile

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning/record"
)

func delivered(n int) (s Summary) {
	for i := range n {
		s.add(uint64(i), observed, false, 0)
	}
	return s
}

func TestJudge(t *testing.T) {
	counted := func(n int64) answer { return answer{count: n, method: record.MethodCount} }
	none := answer{reason: "status 403"}
	refused := errors.New("status 500")
	f := func(a answer, l listing, have int, again bool, verdict record.Verdict, count int64, method string, missing int64, reason string) {
		t.Helper()
		s := delivered(have)
		got := judge(a, &l, &s, again)
		require.Equal(t, verdict, got.verdict)
		require.Equal(t, count, got.count)
		require.Equal(t, method, got.method)
		require.Equal(t, missing, got.missing)
		require.Contains(t, got.reason, reason)
	}
	f(counted(10), listing{listed: 10}, 10, false, record.VerdictAgreed, 10, record.MethodCount, 0, "")
	f(counted(10), listing{listed: 8}, 8, false, record.VerdictShort, 10, record.MethodCount, 2, "2 are counted and not shown")
	f(counted(10), listing{listed: 8}, 8, true, record.VerdictHidden, 10, record.MethodCount, 2, "as before")
	f(counted(10), listing{listed: 10, lacking: 1, ids: []string{"x"}}, 9, true, record.VerdictShort, 10, record.MethodCount, 1, "could not be read")
	f(counted(10), listing{listed: 3, err: refused}, 8, true, record.VerdictShort, 10, record.MethodCount, 2, "status 500")
	f(counted(8), listing{listed: 8}, 10, true, record.VerdictFewer, 8, record.MethodCount, 0, "2 more were delivered")
	f(counted(8), listing{err: refused}, 10, true, record.VerdictFewer, 8, record.MethodCount, 0, "status 500")
	f(counted(8), listing{listed: 10}, 10, false, record.VerdictAgreed, 10, record.MethodIDs, 0, "counts 8 and shows 10")
	f(none, listing{listed: 10}, 10, false, record.VerdictAgreed, 10, record.MethodIDs, 0, "status 403")
	f(none, listing{listed: 8}, 10, false, record.VerdictFewer, 8, record.MethodIDs, 0, "status 403")
	f(none, listing{listed: 10, lacking: 2}, 8, false, record.VerdictShort, 10, record.MethodIDs, 2, "status 403")
	f(none, listing{listed: 4, err: refused}, 8, false, record.VerdictUnknown, 0, "", 0, "status 403; no list: status 500")
}

// TestJudgeClaimsNothing: an hour agrees only where the vendor's number is that of the
// delivered documents and all that it lists was delivered; what is missing is never hidden
// behind another verdict.
func TestJudgeClaimsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := delivered(rapid.IntRange(0, 5).Draw(t, "delivered"))
		a := answer{count: rapid.Int64Range(0, 6).Draw(t, "count"), method: record.MethodCount}
		if rapid.Bool().Draw(t, "no count") {
			a = answer{reason: "refused"}
		}
		l := listing{listed: rapid.Int64Range(0, 6).Draw(t, "listed")}
		l.lacking = rapid.Int64Range(0, l.listed).Draw(t, "lacking")
		if rapid.Bool().Draw(t, "no list") {
			l.err = errors.New("refused")
		}
		f := judge(a, &l, &s, rapid.Bool().Draw(t, "again"))
		switch f.verdict {
		case record.VerdictAgreed:
			require.Equal(t, s.Total(), f.count)
			require.Zero(t, f.missing)
			require.Zero(t, l.lacking)
		case record.VerdictFewer:
			require.Less(t, f.count, s.Total())
			require.Zero(t, f.missing)
		case record.VerdictShort, record.VerdictHidden:
			require.Positive(t, f.missing)
		case record.VerdictUnknown:
			require.Empty(t, f.method)
			require.Error(t, l.err)
		}
		if f.verdict != record.VerdictAgreed {
			require.NotEmpty(t, f.reason)
		}
		if f.method == "" {
			require.Zero(t, f.count)
			require.Equal(t, record.VerdictUnknown, f.verdict)
		}
	})
}
