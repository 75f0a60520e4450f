package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// generator writes one board.
type generator struct {
	common     *common
	board      *board
	activities *board
}

// generate makes the dashboards of a folder, by name.
func generate(folder string) (map[string][]byte, error) {
	shared, boards, err := read(folder)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(boards, func(b *board) bool { return b.name == "activities" })
	if at < 0 {
		return nil, fmt.Errorf("no activities.yaml in %s", folder)
	}
	out := map[string][]byte{}
	for _, b := range boards {
		g := &generator{common: shared, board: b, activities: boards[at]}
		dashboard, err := g.dashboard()
		if err != nil {
			return nil, fmt.Errorf("%s.yaml: %w", b.name, err)
		}
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", " ")
		if err := encoder.Encode(dashboard); err != nil {
			return nil, err
		}
		out[b.name] = text.Bytes()
	}
	return out, nil
}

func (g *generator) dashboard() (object, error) {
	variables, err := g.variables()
	if err != nil {
		return nil, err
	}
	panels, _, err := g.place(g.board.Panels, 0)
	if err != nil {
		return nil, err
	}
	links := []object{{
		"type": "dashboards", "title": "provtrail", "tags": []string{"provtrail"}, "asDropdown": false, "includeVars": true, "keepTime": true,
		"targetBlank": false, "icon": "external link", "tooltip": "", "url": "",
	}}
	if g.board.Report != "" {
		links = append([]object{{
			"type": "link", "title": "CSV report", "icon": "doc", "tooltip": "Download the activities of this range and these filters as a zip of CSV files",
			"targetBlank": true, "includeVars": false, "keepTime": false, "asDropdown": false, "tags": []string{},
			"url": "${report}/report.zip?from=${__from:date:iso}&to=${__to:date:iso}&" + g.board.Report,
		}}, links...)
	}
	return object{
		"uid": "provtrail-" + g.board.name, "title": g.board.Title, "description": g.board.Description, "tags": []string{"provtrail"},
		"id": nil, "version": 1, "schemaVersion": 39, "editable": true, "graphTooltip": 1, "timezone": "browser",
		"time": object{"from": g.board.From, "to": "now"}, "refresh": g.board.Refresh, "timepicker": object{}, "annotations": object{"list": []any{}},
		"links": links, "templating": object{"list": variables}, "panels": panels,
	}, nil
}

// variables are those of the board, the hidden ones last. hide: 0 is above the panels,
// 2 nowhere, 3 in the menu of controls (Grafana before 12.3 shows those above, too).
func (g *generator) variables() ([]object, error) {
	var out []object
	add := func(names []string, hide int) error {
		for _, name := range names {
			known, found := g.common.Variables[name]
			if !found {
				return fmt.Errorf("variable %s is not in common.yaml", name)
			}
			v := merge(object{"name": name, "hide": hide, "skipUrlSync": false}, known)
			if query, ok := v["query"].(object); ok {
				sql, err := g.expand(query["rawSql"].(string))
				if err != nil {
					return fmt.Errorf("variable %s: %w", name, err)
				}
				v["query"] = merge(query, object{"refId": name, "rawSql": strings.TrimSpace(sql)})
			}
			out = append(out, v)
		}
		return nil
	}
	// A list that depends on another one stands behind it.
	for _, part := range []struct {
		names []string
		hide  int
	}{{g.board.Menu, 3}, {g.board.Variables, 0}, {g.board.Hidden, 2}} {
		if err := add(part.names, part.hide); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// merge is a copy of an object with what another one says put over it.
func merge(base, over object) object {
	if base == nil && over == nil {
		return nil
	}
	out := maps.Clone(base)
	if out == nil {
		out = object{}
	}
	for key, value := range over {
		inner, isObject := value.(object)
		under, wasObject := out[key].(object)
		if isObject && wasObject {
			value = merge(under, inner)
		}
		out[key] = value
	}
	return out
}

func sortedKeys(o object) []string { return slices.Sorted(maps.Keys(o)) }
