package simulate_test

import (
	"crypto/sha256"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/internal/simulate/truth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func options(t testing.TB) simulate.Options {
	t.Helper()
	o := simulate.DefaultOptions()
	o.Identities, o.GroupsPerDay = 200, 200
	o.From, o.To = monday, monday.Add(36*time.Hour)
	o.Out = t.TempDir()
	return o
}

func run(t testing.TB, o simulate.Options) simulate.Summary {
	t.Helper()
	s, err := simulate.Run(t.Context(), o)
	require.NoError(t, err)
	return s
}

// digests reads every file below dir.
func digests(t testing.TB, dir string) map[string][32]byte {
	t.Helper()
	out := map[string][32]byte{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		out[strings.TrimPrefix(path, dir)] = sha256.Sum256(data)
		return err
	}))
	return out
}

func TestSameSeedGivesSameBytes(t *testing.T) {
	a, b, c := options(t), options(t), options(t)
	c.Seed = 2
	run(t, a)
	run(t, b)
	run(t, c)
	first := digests(t, a.Out)
	require.NotEmpty(t, first)
	require.Equal(t, first, digests(t, b.Out))
	require.NotEqual(t, first, digests(t, c.Out))
}

func TestRefusesAnEarlierRun(t *testing.T) {
	o := options(t)
	run(t, o)
	before := digests(t, o.Out)
	_, err := simulate.Run(t.Context(), o)
	require.ErrorContains(t, err, "earlier run")
	require.Equal(t, before, digests(t, o.Out))
	o.Append = true
	run(t, o)
	known, err := truth.Read(o.Truth())
	require.NoError(t, err)
	again := options(t)
	run(t, again)
	once, err := truth.Read(again.Truth())
	require.NoError(t, err)
	require.Len(t, known.Activities, len(once.Activities))
}

func TestTruthIsRich(t *testing.T) {
	o := options(t)
	o.To = monday.AddDate(0, 0, 20) // the longest of decisions, expiry, takes 14 days
	o.GroupsPerDay, o.Feeds = 300, []string{simulate.FeedREST, simulate.FeedEvents}
	s := run(t, o)
	known, err := truth.Read(o.Truth())
	require.NoError(t, err)
	require.Greater(t, s.Groups, 2000)
	statuses, kinds, causes, sides, attempts := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[int]int{}
	approvals, outcomes, shown := map[string]int{}, map[string]int{}, map[string]int{}
	perGroup := map[string]int{}
	for _, a := range known.Activities {
		statuses[a.Status]++
		kinds[a.Kind]++
		causes[a.Cause]++
		attempts[a.Attempts]++
		perGroup[a.GroupID]++
		approvals[a.ApprovalStatus]++
		outcomes[a.Outcome]++
		for name, value := range map[string]string{
			"warnings": a.Warnings, "item": a.RequestedItemName, "type": a.RequestedItemType, "asked": a.RequesterComment,
			"reviewed": a.ReviewerComment, "metadata": a.ClientMetadata,
		} {
			if value != "" {
				shown[name]++
			}
		}
		if a.RemoveAt != nil {
			shown["remove"]++
		}
		if strings.Contains(a.Warnings, "manually closed") {
			shown["closed"]++
		}
	}
	for id, g := range known.Groups {
		require.Equal(t, perGroup[id], g.Activities, "group %s", id)
		sides[g.FailedOn]++
	}
	require.Len(t, perGroup, len(known.Groups))
	t.Log(statuses, kinds, causes, sides, attempts, approvals, outcomes, shown)
	require.Len(t, approvals, 7, "none, and the six")
	require.Len(t, outcomes, 3)
	require.Len(t, shown, 8)
	require.Len(t, statuses, 6)
	require.Len(t, kinds, 3)
	require.GreaterOrEqual(t, len(causes), 7)
	require.Len(t, sides, 5, "no password, none, identitynow, source, both")
	require.Positive(t, attempts[3])
}

func BenchmarkRun(b *testing.B) {
	var documents int
	for b.Loop() {
		o := options(b)
		o.GroupsPerDay = 20000
		documents += run(b, o).Documents
	}
	b.ReportMetric(float64(documents)/b.Elapsed().Seconds(), "documents/s")
}

// TestHoursAreTheWrittenDocuments: the truth has for each feed and hour the number of distinct
// documents that were written, also over two runs.
func TestHoursAreTheWrittenDocuments(t *testing.T) {
	o := options(t)
	run(t, o)
	o.From, o.To, o.Append = o.To, o.To.Add(3*time.Hour), true
	run(t, o)
	want := map[string]map[time.Time]int{}
	for _, feed := range []string{simulate.FeedREST, simulate.FeedSearch, simulate.FeedEvents} {
		want[feed] = map[time.Time]int{}
		seen := map[string]bool{}
		files, err := filepath.Glob(filepath.Join(o.Inbox(), feed, "*"))
		require.NoError(t, err)
		for _, name := range files {
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			for line := range strings.Lines(string(data)) {
				var d struct {
					ID      string    `json:"id"`
					Created time.Time `json:"created"`
				}
				require.NoError(t, json.Unmarshal([]byte(line), &d))
				if !seen[d.ID] {
					seen[d.ID] = true
					want[feed][d.Created.UTC().Truncate(time.Hour)]++
				}
			}
		}
		require.NotEmpty(t, want[feed])
	}
	got := map[string]map[time.Time]int{}
	file, err := os.ReadFile(filepath.Join(o.Truth(), truth.HoursFile))
	require.NoError(t, err)
	for line := range strings.Lines(string(file)) {
		var row truth.Hour
		require.NoError(t, json.Unmarshal([]byte(line), &row))
		if got[row.Feed] == nil {
			got[row.Feed] = map[time.Time]int{}
		}
		got[row.Feed][row.Start.UTC()] = row.Documents
	}
	require.Equal(t, want, got)
}
