package dashboards

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var (
	limited = regexp.MustCompile(`LIMIT \d+`)
	oneRow  = regexp.MustCompile(`(?s)SELECT [^,]*,?[^,]*\b(count|countIf|uniqExact)\(`)
)

var boundedBy = regexp.MustCompile(`\$__timeFilter\(|>= \$__(from|to)Time|>= least\(\$__fromTime|since = \$__`)

func TestDashboards(t *testing.T) {
	all := boards(t)
	uids := map[string]*board{}
	for _, b := range all {
		assert.NotContains(t, uids, b.UID, "uids are unique")
		uids[b.UID] = b
	}
	for _, b := range all {
		t.Run(b.File, func(t *testing.T) {
			assert.Equal(t, "provtrail-"+strings.TrimSuffix(b.File, ".json"), b.UID)
			assert.NotEmpty(t, b.Title)
			assert.NotEmpty(t, b.Description)
			assert.Contains(t, b.Tags, "provtrail")
			assert.GreaterOrEqual(t, b.SchemaVersion, 39)
			assert.Nil(t, b.ID, "an id belongs to one Grafana")
			assert.Equal(t, "now", b.Time.To)
			linked := false
			for _, l := range b.Links {
				linked = linked || (l.Type == "dashboards" && l.IncludeVars && l.KeepTime && len(l.Tags) == 1 && l.Tags[0] == "provtrail")
			}
			assert.True(t, linked, "links to the other dashboards, with time and variables")
			assertNoOverlap(t, b.Panels)
			ids := map[int]bool{}
			for _, p := range b.all() {
				assert.False(t, ids[p.ID], "panel id %d is used twice", p.ID)
				ids[p.ID] = true
				if p.Type != "row" {
					assertPanel(t, b, p, uids)
				}
			}
			for _, v := range b.Templating.List {
				assert.NotEmpty(t, v.Label, v.Name)
				assert.NotEmpty(t, v.Description, v.Name)
				if v.Type == "query" {
					assert.Equal(t, 2, v.Refresh, "%s follows the time range", v.Name)
					assert.Regexp(t, boundedBy, v.sql(t), v.Name)
				}
			}
		})
	}
}

func assertPanel(t *testing.T, b *board, p *panel, uids map[string]*board) {
	assert.NotEmpty(t, p.Title)
	assert.Greater(t, len(p.Description), 20, "%s: says what it shows", p.Title)
	assert.NotEmpty(t, p.Targets, p.Title)
	assert.NotNil(t, p.FieldConfig.Defaults.NoValue, "%s: says what an empty panel means", p.Title)
	refs := map[string]bool{}
	for _, q := range p.Targets {
		assert.False(t, refs[q.RefID], "%s: ref id %s is used twice", p.Title, q.RefID)
		refs[q.RefID] = true
		assert.Regexp(t, `^\$\{(datasource|prometheus)\}$`, q.Datasource.UID, "%s: the data source is a variable", p.Title)
		if q.Datasource.Type != "grafana-clickhouse-datasource" {
			continue
		}
		assert.Equal(t, "sql", q.EditorType, p.Title)
		assert.Equal(t, map[int]string{0: "timeseries", 1: "table"}[q.Format], q.QueryType, p.Title)
		assert.Regexp(t, boundedBy, q.RawSQL, "%s: every query is bounded by time", p.Title)
		assert.NotRegexp(t, `\b(provtrail|default)\.`, q.RawSQL, "%s: the database is the data source's", p.Title)
		if q.Format == 1 {
			assert.True(t, limited.MatchString(q.RawSQL) || !strings.Contains(q.RawSQL, "GROUP BY") && oneRow.MatchString(q.RawSQL), "%s: a table has a limit", p.Title)
		}
	}
	if p.Type != "table" && p.Type != "state-timeline" {
		assert.NotEmpty(t, p.FieldConfig.Defaults.Unit, "%s: unit", p.Title)
	}
	assertStatusColours(t, p)
	for _, l := range p.links() {
		assertLink(t, b, p, l, uids)
	}
}

// assertLink resolves a link: the dashboard exists and has every variable it sets,
// and the fields it reads are in the panel's query.
func assertLink(t *testing.T, b *board, p *panel, l dataLink, uids map[string]*board) {
	assert.NotEmpty(t, l.Title, p.Title)
	path, query, _ := strings.Cut(l.URL, "?")
	if path == "/explore" {
		return
	}
	if runbook, ok := strings.CutPrefix(l.URL, "https://github.com/provtrail/provtrail/blob/main/docs/runbooks/"); ok {
		assert.Equal(t, "${__data.fields.runbook}.md", runbook, p.Title)
		for _, m := range regexp.MustCompile(`'([a-z-]+)'(?: AS runbook|, '[^']+', \d)`).FindAllStringSubmatch(p.Targets[0].RawSQL, -1) {
			assert.FileExists(t, "../../docs/runbooks/"+m[1]+".md", p.Title)
		}
		return
	}
	to := uids[strings.TrimPrefix(path, "/d/")]
	if !assert.NotNil(t, to, "%s: %s leads nowhere", p.Title, l.URL) {
		return
	}
	assert.Regexp(t, `\$\{__url_time_range\}|from=now-\d+d&to=now|from=\$\{__data\.fields\.group_from\}&to=\$\{__data\.fields\.group_to\}`, query, "%s: carries the range", p.Title)
	for _, m := range regexp.MustCompile(`var-(\w+)=|\$\{(\w+):queryparam\}`).FindAllStringSubmatch(query, -1) {
		assert.NotNil(t, to.variable(m[1]+m[2]), "%s: %s has no variable %s", p.Title, to.Title, m[1]+m[2])
		if m[2] != "" {
			assert.NotNil(t, b.variable(m[2]), "%s: %s has no variable %s", p.Title, b.Title, m[2])
		}
	}
	for _, m := range regexp.MustCompile(`\$\{__data\.fields\.([^}:]+)(?::percentencode)?\}`).FindAllStringSubmatch(query, -1) {
		assert.Regexp(t, `(?i)\b`+regexp.QuoteMeta(m[1])+`\b`, p.Targets[0].RawSQL, "%s: a link reads %s", p.Title, m[1])
	}
	_, err := url.Parse(strings.NewReplacer("${", "", "}", "").Replace(path))
	assert.NoError(t, err)
}

func (b *board) variable(name string) *variable {
	for _, v := range b.Templating.List {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// statusColours are the same in every panel: Grafana gives colours out by order otherwise.
var statusColours = map[string]string{
	"Failed": "#D1331F", "Retrying": "#F5B800", "Pending": "#8CC8FF", "Not Verifiable": "#C77FC0", "Committed": "#1F5FBF", "Success": "#129C76",
}

func assertStatusColours(t *testing.T, p *panel) {
	colours := map[string]string{}
	for _, o := range p.FieldConfig.Overrides {
		for _, property := range o.Properties {
			if property.ID == "color" && o.Matcher.ID == "byName" {
				if m, ok := property.Value.(map[string]any); ok {
					colours[o.Matcher.Options], _ = m["fixedColor"].(string)
				}
			}
		}
	}
	for _, q := range p.Targets {
		for status, colour := range statusColours {
			if strings.Contains(q.RawSQL, `AS "`+status+`"`) {
				assert.Equal(t, colour, colours[status], "%s: colour of %s", p.Title, status)
			}
		}
	}
}

func assertNoOverlap(t *testing.T, panels []*panel) {
	taken := map[[2]int]string{}
	for _, p := range panels {
		assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		assert.Positive(t, p.GridPos.H, p.Title)
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok {
					assert.Fail(t, "panels overlap", "%s and %s", p.Title, other)
					return
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}
