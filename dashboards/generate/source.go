package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// object is a piece of a dashboard's JSON.
type object = map[string]any

// common is what the dashboards share: common.yaml.
type common struct {
	Statuses  []status            // the six, the worst first
	SQL       map[string]string   // parts of queries, by the name that stands in {{ }}
	Variables map[string]object   // by name
	Columns   map[string]column   // presets, by the name of the column
	Links     map[string]dataLink // by name
	Types     map[string]object   // presets of panels, by the name that stands in type:
}

type status struct{ Name, Color string }

// board is one dashboard.
type board struct {
	Title, Description string
	From               string   // the range up to now that is shown first
	Refresh            string   // how often, empty for never
	Report             string   // the query of the link to the report, empty for none
	Variables          []string // above the panels
	Menu               []string // in the menu of controls
	Hidden             []string
	Panels             []*panel

	name string
}

// panel is one panel. Where a field has the name of a field of Grafana's JSON it means
// the same.
type panel struct {
	ID              int // stays when the panel moves: alerts and links name it
	Title           string
	Type            string // a preset of common.yaml
	Size            string // columns x rows; panels fill lines of 24 columns
	Description     string
	SQL             string
	Prometheus      []series // instead of SQL
	Empty           string   // what the panel says when it has nothing to show
	Unit            string
	Decimals        *int
	Min, Max        *float64
	Interval        string
	MaxDataPoints   int `yaml:"maxDataPoints"`
	Columns         []column
	Links           []dataLink
	Defaults        object // fieldConfig.defaults
	Options         object
	Transformations []object
	Panels          []*panel // of a row that is collapsed
}

// series is a query to Prometheus.
type series struct{ Expr, Legend string }

// column is how a column of a table, or a series, is shown. In a dashboard it is a name
// alone where the preset of this name says all.
type column struct {
	Name     string
	Width    int
	Unit     string
	Decimals *int
	Wrap     bool   // long text takes more than one line
	Hidden   bool   // only links read it
	Values   string // a name of values.go
	Cell     object // custom.cellOptions
	Color    string
	Links    []dataLink
	Extra    object // further properties

	node *yaml.Node // what the dashboard says; nil where it is a name alone
}

func (c *column) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&c.Name)
	}
	c.node = node
	type plain column
	return node.Decode((*plain)(c))
}

// dataLink is a link, or the name of one in common.yaml.
type dataLink struct {
	Name, Title, URL string
	Blank            bool // opens a tab of its own
}

func (l *dataLink) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&l.Name)
	}
	type plain dataLink
	return node.Decode((*plain)(l))
}

// read reads the folder with the sources.
func read(folder string) (*common, []*board, error) {
	var shared common
	var boards []*board
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return nil, nil, err
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		var into any = &shared
		if name != "common" {
			b := &board{name: name}
			boards = append(boards, b)
			into = b
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, err
		}
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		decoder.KnownFields(true)
		if err := decoder.Decode(into); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return &shared, boards, nil
}
