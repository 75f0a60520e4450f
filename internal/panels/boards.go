package panels

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Board is a dashboard's queries for ClickHouse.
type Board struct {
	Title     string
	Range     time.Duration // it shows by default, up to now
	Queries   []Query
	Variables []Variable
}

// Variable is what the panels of a board are restricted by.
type Variable struct {
	Name string
	SQL  string // what lists its values; empty if no query does

	typed bool // a text
}

// Query is one target of a panel.
type Query struct {
	Panel     string
	SQL       string // before Expand
	points    int    // at most so many
	narrowest time.Duration
}

// All is every variable at All, or empty where a text is typed in.
func (b *Board) All() map[string][]string {
	vars := map[string][]string{}
	for _, v := range b.Variables {
		vars[v.Name] = []string{"$__all"}
		if v.typed {
			vars[v.Name] = []string{""}
		}
	}
	return vars
}

// Typed are the variables that are typed in, not chosen from a list.
func (b *Board) Typed() map[string]bool {
	typed := map[string]bool{}
	for _, v := range b.Variables {
		typed[v.Name] = v.typed
	}
	return typed
}

// Asked are the queries of the panels, and of the variables that have any.
func (b *Board) Asked() []Query {
	asked := slices.Clip(b.Queries)
	for _, v := range b.Variables {
		if v.SQL != "" {
			asked = append(asked, Query{Panel: "variable " + v.Name, SQL: v.SQL})
		}
	}
	return asked
}

// clickhouse is the plugin whose queries are read.
const clickhouse = "grafana-clickhouse-datasource"

type board struct {
	Title      string
	Panels     []panel
	Templating struct {
		List []struct {
			Name, Type string
			Query      json.RawMessage
		}
	}
	Time struct{ From string }
}

type panel struct {
	Title         string
	MaxDataPoints int
	Interval      string
	GridPos       struct{ W int }
	Targets       []struct {
		Datasource *struct{ Type string }
		RawSQL     string `json:"rawSql"`
	}
	Panels []panel // of a collapsed row
}

// Read reads the dashboards in a folder.
func Read(folder string) ([]Board, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no dashboards in %s", folder)
	}
	var boards []Board
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var b board
		if err := json.Unmarshal(text, &b); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		out := Board{Title: b.Title}
		if out.Range, err = since(b.Time.From); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, v := range b.Templating.List {
			var query struct {
				SQL string `json:"rawSql"`
			}
			_ = json.Unmarshal(v.Query, &query) // a text is no query
			out.Variables = append(out.Variables, Variable{Name: v.Name, SQL: query.SQL, typed: v.Type == "textbox"})
		}
		if err := out.add(b.Panels); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		boards = append(boards, out)
	}
	return boards, nil
}

func (b *Board) add(panels []panel) error {
	for _, p := range panels {
		q := Query{Panel: p.Title, points: p.MaxDataPoints}
		if q.points == 0 {
			q.points = p.GridPos.W * columnPixels
		}
		if p.Interval != "" {
			var err error
			if q.narrowest, err = time.ParseDuration(p.Interval); err != nil {
				return fmt.Errorf("panel %s: interval: %w", p.Title, err)
			}
		}
		for _, t := range p.Targets {
			if t.Datasource != nil && t.Datasource.Type == clickhouse && t.RawSQL != "" {
				q.SQL = t.RawSQL
				b.Queries = append(b.Queries, q)
			}
		}
		if err := b.add(p.Panels); err != nil {
			return err
		}
	}
	return nil
}

// since reads "now-7d" and "now-24h".
func since(from string) (time.Duration, error) {
	var n int
	var unit string
	if _, err := fmt.Sscanf(from, "now-%d%s", &n, &unit); err != nil {
		return 0, fmt.Errorf("time.from %q: %w", from, err)
	}
	units := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	if units[unit] == 0 {
		return 0, fmt.Errorf("time.from %q: unknown unit", from)
	}
	return time.Duration(n) * units[unit], nil
}
