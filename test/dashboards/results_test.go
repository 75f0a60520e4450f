package dashboards

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// alertResult is how a rule did: on incidents of its own, and in an ordinary week.
type alertResult struct {
	title       string
	incidents   int
	fired       int // of the incidents
	slowest     int // evaluations until it fired; 1 is the first one after the incident
	evaluations int // of the ordinary week
	alarms      int // in it, with a cause
	wrong       int // in it, without one
}

const (
	docsFile     = "../../docs/dashboards.md"
	resultsBegin = "<!-- TestAlerts writes this table: go test ./test/dashboards -run TestAlerts -update -->\n"
	resultsEnd   = "<!-- end -->\n"
)

// assertDocumented says that docs/dashboards.md has these results; with -update it
// writes them there.
func assertDocumented(t *testing.T, results map[string]*alertResult) {
	t.Helper()
	var table strings.Builder
	table.WriteString("| rule | incidents it fired on | recall | evaluations until then | evaluations of the week | alarms with a cause | without one | precision |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range slices.SortedFunc(maps.Values(results), func(a, b *alertResult) int { return cmp.Compare(a.title, b.title) }) {
		rightly := float64(r.fired + r.alarms)
		fmt.Fprintf(&table, "| %s | %d of %d | %.0f %% | %d | %d | %d | %d | %.0f %% |\n", r.title, r.fired, r.incidents, 100*float64(r.fired)/float64(r.incidents),
			r.slowest, r.evaluations, r.alarms, r.wrong, 100*rightly/(rightly+float64(r.wrong)))
	}
	text, err := os.ReadFile(docsFile)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), resultsBegin)
	require.True(t, found, "%s has no place for the results", docsFile)
	documented, after, found := strings.Cut(rest, resultsEnd)
	require.True(t, found, "%s has no end of the results", docsFile)
	if *update {
		require.NoError(t, os.WriteFile(docsFile, []byte(before+resultsBegin+table.String()+resultsEnd+after), 0o600))
		return
	}
	assert.Equal(t, table.String(), documented, "run the test with -update")
}
