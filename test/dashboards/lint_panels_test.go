package dashboards

import (
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const clickhouseType = "grafana-clickhouse-datasource"

func mapValues[K comparable, V any](m map[K]V) iter.Seq[V] { return maps.Values(m) }

var (
	shortens = []string{"short", "sishort", "K", "kbytes"}
	counts   = []string{"locale", "none"}
	longText = []string{"error", "reason", "change", "beginning", "record", "value", "what to do"}
	idColumn = regexp.MustCompile(`(^|[ _])ids?$`)
	unsafe   = regexp.MustCompile(`\$\{\w+(:(singlequote|raw|csv|sqlstring|doublequote|text))?\}`)
)

// panelRules are the faults of a panel; each says where it is.
var panelRules = map[string]func(*board, *panel) string{
	"description-missing": func(_ *board, p *panel) string {
		if len(p.Description) < 20 {
			return "says nothing"
		}
		return ""
	},
	// A filter of fields is matched with the name that is displayed.
	"filtered-by-display-name": func(_ *board, p *panel) string {
		reduce, _ := p.Options["reduceOptions"].(map[string]any)
		fields, _ := reduce["fields"].(string)
		if fields == "" {
			return ""
		}
		if p.FieldConfig.Defaults.DisplayName != "" {
			return fields
		}
		for name := range p.overrides("displayName") {
			return fields + " and " + name
		}
		return ""
	},
	"unit-shortens": func(_ *board, p *panel) string {
		units := map[string]any{"default": p.FieldConfig.Defaults.Unit}
		maps.Copy(units, p.overrides("unit"))
		for name, unit := range units {
			if u, _ := unit.(string); slices.Contains(shortens, u) {
				return name + " has " + u
			}
		}
		return ""
	},
	// Counts without decimals: or an axis says 1, 1, 2, 2.
	"axis-repeats": func(_ *board, p *panel) string {
		drawn := p.Type == "timeseries" || p.Type == "barchart"
		if drawn && slices.Contains(counts, p.FieldConfig.Defaults.Unit) && (p.FieldConfig.Defaults.Decimals == nil || *p.FieldConfig.Defaults.Decimals != 0) {
			return "counts with decimals"
		}
		return ""
	},
	"width-missing": func(_ *board, p *panel) string {
		widths := p.overrides("custom.width")
		for _, c := range p.visible() {
			if widths[c] == nil {
				return c
			}
		}
		return ""
	},
	"long-text-cut": func(_ *board, p *panel) string {
		cells := p.overrides("custom.cellOptions")
		for _, c := range p.visible() {
			cell, _ := cells[c].(map[string]any)
			if inspect, _ := p.FieldConfig.Defaults.Custom["inspect"].(bool); slices.Contains(longText, c) && cell["wrapText"] != true && !inspect {
				return c
			}
		}
		return ""
	},
	// Status, who, what, where and error are seen without scrolling.
	"error-out-of-sight": func(_ *board, p *panel) string {
		sum, columns := 0, p.visible()
		at := slices.Index(columns, "error")
		for i := 0; i <= at; i++ {
			w, _ := p.overrides("custom.width")[columns[i]].(float64)
			sum += int(w)
		}
		if sum > shownAt*p.GridPos.W/24 {
			return fmt.Sprintf("%d pixels", sum)
		}
		return ""
	},
	"id-before-names": func(_ *board, p *panel) string {
		columns := p.visible()
		for i, c := range columns {
			if i+1 < len(columns) && idColumn.MatchString(c) && !idColumn.MatchString(columns[i+1]) && columns[i+1] != "group number" && columns[i+1] != "trace" {
				return c
			}
		}
		return ""
	},
	// noValue is what an empty table says, and what an empty cell says unless the cells
	// say something else.
	"empty-cells-speak": func(_ *board, p *panel) string {
		if p.Type != "table" || p.FieldConfig.Defaults.NoValue == nil || *p.FieldConfig.Defaults.NoValue == "" {
			return ""
		}
		for _, o := range p.FieldConfig.Overrides {
			if o.Matcher.ID == "byRegexp" && o.Matcher.Options == "/.*/" && len(o.Properties) == 1 && o.Properties[0].ID == "noValue" {
				return ""
			}
		}
		return *p.FieldConfig.Defaults.NoValue
	},
	"state-without-colour": func(_ *board, p *panel) string {
		if p.Type != "state-timeline" {
			return ""
		}
		if p.FieldConfig.Defaults.Color.Mode == "thresholds" {
			return "coloured by thresholds, not by mappings"
		}
		mapped := map[string]bool{}
		for _, m := range p.FieldConfig.Defaults.Mappings {
			for word := range m.Options {
				mapped[word] = true
			}
		}
		for status := range statusColours {
			if !mapped[status] {
				return status
			}
		}
		return ""
	},
	"status-colour": func(_ *board, p *panel) string {
		for name, colour := range p.overrides("color") {
			c, _ := colour.(map[string]any)
			if want, is := statusColours[name]; is && c["fixedColor"] != want {
				return fmt.Sprintf("%s is %v", name, c["fixedColor"])
			}
		}
		return ""
	},
	"title-cut": func(_ *board, p *panel) string {
		if letters := (float64(narrowAt*p.GridPos.W)/24 - titleAside) / letter; float64(len(p.Title)) > letters {
			return fmt.Sprintf("%d letters, %.0f fit at %d pixels", len(p.Title), letters, narrowAt)
		}
		return ""
	},
	"tile-narrow": func(_ *board, p *panel) string {
		if p.Type == "stat" && p.GridPos.W < 6 {
			return fmt.Sprintf("%d columns", p.GridPos.W)
		}
		return ""
	},
	// A story of three minutes cannot be seen in a range of seven days.
	"group-without-range": func(b *board, p *panel) string {
		for _, l := range p.links() {
			if strings.HasPrefix(l.URL, "/d/provtrail-group?") && b.UID != "provtrail-group" && !strings.Contains(l.URL, "from=${__data.fields.group_from}") {
				return l.Title
			}
		}
		return ""
	},
	// None of Grafana's formats for SQL escapes a backslash.
	"variable-unescaped": func(_ *board, p *panel) string {
		for _, q := range p.Targets {
			if use := unsafe.FindString(q.RawSQL); use != "" {
				return use
			}
		}
		return ""
	},
}

// overrides are the values of one property, by the column or series.
func (p *panel) overrides(property string) map[string]any {
	out := map[string]any{}
	for _, o := range p.FieldConfig.Overrides {
		for _, q := range o.Properties {
			if o.Matcher.ID == "byName" && q.ID == property {
				out[o.Matcher.Options] = q.Value
			}
		}
	}
	return out
}

// visible are the columns of a table that people see, in their order.
func (p *panel) visible() []string {
	if p.Type != "table" || len(p.Targets) == 0 {
		return nil
	}
	hidden := p.overrides("custom.hidden")
	return slices.DeleteFunc(columnsOf(p.Targets[0].RawSQL), func(c string) bool { return hidden[c] == true })
}

// links are those of the panel and of its columns.
func (p *panel) links() []dataLink {
	links := slices.Clone(p.FieldConfig.Defaults.Links)
	for _, value := range p.overrides("links") {
		for _, l := range value.([]any) {
			m := l.(map[string]any)
			links = append(links, dataLink{m["title"].(string), m["url"].(string)})
		}
	}
	return links
}
