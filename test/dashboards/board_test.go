package dashboards

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// folder holds the dashboards as Grafana provisions them.
const folder = "../../dashboards"

// board is the part of a dashboard's JSON that the tests look at.
type board struct {
	File          string `json:"-"`
	UID           string `json:"uid"`
	Title         string `json:"title"`
	Description   string `json:"description"`
	Tags          []string
	SchemaVersion int `json:"schemaVersion"`
	ID            any `json:"id"`
	Links         []struct {
		Type, Title, URL, Tooltip string
		Tags                      []string
		IncludeVars, KeepTime     bool
	}
	Panels     []*panel
	Templating struct{ List []*variable }
	Time       struct{ From, To string }
}

type panel struct {
	ID          int
	Type        string
	Title       string
	Description string
	GridPos     struct{ X, Y, W, H int }
	Datasource  *datasource
	Targets     []*target
	FieldConfig struct {
		Defaults  fieldConfig
		Overrides []struct {
			Matcher    struct{ ID, Options string }
			Properties []struct {
				ID    string
				Value any
			}
		}
	}
	Options map[string]any
	Panels  []*panel // of a collapsed row
}

type fieldConfig struct {
	Unit        string
	Decimals    *int
	Color       struct{ Mode string }
	Mappings    []struct{ Options map[string]any }
	Custom      map[string]any
	DisplayName string
	Links       []dataLink
	NoValue     *string
}

type dataLink struct{ Title, URL string }

type datasource struct{ Type, UID string }

type target struct {
	RefID      string
	Datasource *datasource
	EditorType string
	Format     int
	QueryType  string
	RawSQL     string `json:"rawSql"`
	Expr       string
}

type variable struct {
	Type, Name, Label, Description string
	Query                          json.RawMessage
	IncludeAll, Multi              bool
	Refresh, Hide                  int
}

// sql is the query of a query variable.
func (v *variable) sql(t testing.TB) string {
	var q struct {
		RawSQL string `json:"rawSql"`
	}
	require.NoError(t, json.Unmarshal(v.Query, &q), v.Name)
	return q.RawSQL
}

// typed are the variables that are typed in.
func (b *board) typed() map[string]bool {
	out := map[string]bool{}
	for _, v := range b.Templating.List {
		out[v.Name] = v.Type == "textbox"
	}
	return out
}

func (b *board) all() []*panel {
	var out []*panel
	for _, p := range b.Panels {
		out = append(out, p)
		out = append(out, p.Panels...)
	}
	return out
}

func boards(t testing.TB) []*board {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	require.NoError(t, err)
	require.Len(t, files, 6)
	var out []*board
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		b := &board{File: filepath.Base(file)}
		require.NoError(t, json.Unmarshal(text, b), file)
		out = append(out, b)
	}
	return out
}
