package panels

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Board is a dashboard's queries for ClickHouse.
type Board struct {
	Title     string
	Range     time.Duration // it shows by default, up to now
	Queries   []Query
	Variables []string // names, of all kinds
}

// Query is one target of a panel.
type Query struct {
	Panel string
	SQL   string // before Expand
}

// clickhouse is the plugin whose queries are read.
const clickhouse = "grafana-clickhouse-datasource"

type board struct {
	Title      string
	Panels     []panel
	Templating struct{ List []struct{ Name string } }
	Time       struct{ From string }
}

type panel struct {
	Title   string
	Targets []struct {
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
		text, err := os.ReadFile(file) //nolint:gosec // the dashboards
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
			out.Variables = append(out.Variables, v.Name)
		}
		out.add(b.Panels)
		boards = append(boards, out)
	}
	return boards, nil
}

func (b *Board) add(panels []panel) {
	for _, p := range panels {
		for _, t := range p.Targets {
			if t.Datasource != nil && t.Datasource.Type == clickhouse && t.RawSQL != "" {
				b.Queries = append(b.Queries, Query{Panel: p.Title, SQL: t.RawSQL})
			}
		}
		b.add(p.Panels)
	}
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
