package dashboards

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What Grafana shows cannot be seen in SQL. These rules know the faults that were seen
// in a browser; each has a small dashboard or alert file in testdata/lint that has the
// fault, named as the rule is.

// finding is a fault: its rule, and where.
type finding struct{ rule, where string }

func TestLintFindsEachFault(t *testing.T) {
	files, err := filepath.Glob("testdata/lint/*")
	require.NoError(t, err)
	tried := map[string]bool{}
	for _, file := range files {
		rule := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		tried[rule] = true
		t.Run(rule, func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			found := lintAlerts(text)
			if filepath.Ext(file) == ".json" {
				b := &board{}
				require.NoError(t, json.Unmarshal(text, b))
				found = lintBoard(b)
			}
			require.NotEmpty(t, found)
			for _, f := range found {
				assert.Equal(t, rule, f.rule, f.where)
			}
		})
	}
	for name := range panelRules {
		assert.True(t, tried[name], "testdata/lint has no %s.json", name)
	}
	for name := range boardRules {
		assert.True(t, tried[name], "testdata/lint has no %s.json", name)
	}
}

func TestShippedFilesHaveNoFault(t *testing.T) {
	for _, b := range boards(t) {
		for _, f := range lintBoard(b) {
			assert.Fail(t, f.rule, "%s: %s", b.File, f.where)
		}
	}
	text, err := os.ReadFile(alertFile)
	require.NoError(t, err)
	assert.Empty(t, lintAlerts(text))
}

func lintBoard(b *board) []finding {
	var found []finding
	for name, rule := range boardRules {
		if where := rule(b); where != "" {
			found = append(found, finding{name, where})
		}
	}
	for _, p := range b.all() {
		if p.Type == "row" {
			continue
		}
		for name, rule := range panelRules {
			if where := rule(b, p); where != "" {
				found = append(found, finding{name, p.Title + ": " + where})
			}
		}
	}
	return found
}

// lintAlerts looks for $$ where Grafana reads a text as it stands.
func lintAlerts(text []byte) []finding {
	var found []finding
	file, err := readAlerts(text)
	if err != nil {
		return []finding{{"unreadable", err.Error()}}
	}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			raw := slices.Collect(mapValues(r.Annotations))
			for _, d := range r.Data {
				raw = append(raw, d.Model.RawSQL)
			}
			if slices.ContainsFunc(raw, func(s string) bool { return strings.Contains(s, "$$") }) {
				found = append(found, finding{"dollars-doubled", string(r.UID)})
			}
		}
	}
	return found
}

const (
	shownAt    = 1400 // pixels a table of the whole width has
	narrowAt   = 800  // the narrowest screen that is supported
	titleAside = 80   // pixels of a title's line for margins and the mark of the description
	letter     = 7.5  // pixels
	inLine     = 5    // variables that fit beside each other
)

var boardRules = map[string]func(*board) string{
	// A variable of a data source that is not there shows a red triangle.
	"datasource-not-there": func(b *board) string {
		uses := map[string]bool{}
		for _, p := range b.all() {
			if p.Datasource != nil {
				uses[p.Datasource.Type] = true
			}
		}
		for _, v := range b.Templating.List {
			var kind string
			_ = json.Unmarshal(v.Query, &kind)
			if v.Type == "datasource" && v.Hide != 2 && len(uses) > 0 && (len(uses) > 1 || !uses[kind]) && kind != clickhouseType {
				return v.Name
			}
		}
		return ""
	},
	"too-many-variables": func(b *board) string {
		n := 0
		for _, v := range b.Templating.List {
			if v.Hide == 0 {
				n++
			}
		}
		if n > inLine {
			return fmt.Sprintf("%d in one line", n)
		}
		return ""
	},
}
