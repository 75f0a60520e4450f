package dashboards

import (
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
)

// The worked examples of docs/dashboards.md run and find something.
func testWorkedExamples(t *testing.T, s *store, h *history, sc scope) {
	text, err := os.ReadFile("../../docs/dashboards.md")
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	require.Len(t, examples, 10)
	sc.vars = map[string][]string{"group": {find(t, h, provisioning.StatusFailed).Key.GroupID}}
	sc.typed = map[string]bool{"group": true}
	for i, e := range examples {
		assert.Regexp(t, boundedBy, e[1])
		assert.NotEmpty(t, s.query(t, sc.expand(t, e[1])).rows, "example %d", i+1)
	}
}
