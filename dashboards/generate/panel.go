package main

import (
	"fmt"
	"strings"
)

// width is how many columns Grafana's grid has.
const width = 24

// place builds panels line by line from a row of the grid on and returns the row after.
func (g *generator) place(panels []*panel, y int) ([]object, int, error) {
	out := []object{}
	x, tallest := 0, 0
	for _, p := range panels {
		var w, h int
		if p.Type == "row" {
			w, h = width, 1
		} else if _, err := fmt.Sscanf(p.Size, "%dx%d", &w, &h); err != nil {
			return nil, 0, fmt.Errorf("panel %q: size %q is not columns x rows", p.Title, p.Size)
		}
		if x+w > width {
			x, y, tallest = 0, y+tallest, 0
		}
		built, err := g.panel(p)
		if err != nil {
			return nil, 0, fmt.Errorf("panel %q: %w", p.Title, err)
		}
		built["gridPos"] = object{"x": x, "y": y, "w": w, "h": h}
		if p.Type == "row" {
			if built["panels"], _, err = g.place(p.Panels, y+1); err != nil {
				return nil, 0, err
			}
			built["collapsed"] = true
		}
		out = append(out, built)
		x, tallest = x+w, max(tallest, h)
	}
	return out, y + tallest, nil
}

func (g *generator) panel(p *panel) (object, error) {
	preset, found := g.common.Types[p.Type]
	if !found {
		return nil, fmt.Errorf("type %q is not in common.yaml", p.Type)
	}
	out := merge(preset, object{"id": p.ID, "title": p.Title})
	if p.Type == "row" {
		return out, nil
	}
	sql, err := g.expand(strings.TrimSpace(p.SQL))
	if err != nil {
		return nil, err
	}
	out["description"] = strings.TrimSpace(p.Description)
	out["options"] = merge(objectAt(out, "options"), p.Options)
	if len(p.Transformations) > 0 {
		out["transformations"] = p.Transformations
	}
	if p.Interval != "" {
		out["interval"] = p.Interval
	}
	if p.MaxDataPoints > 0 {
		out["maxDataPoints"] = p.MaxDataPoints
	}
	out["datasource"], out["targets"] = targets(p, sql, preset["format"] == "table")
	delete(out, "format")
	if out["fieldConfig"], err = g.fieldConfig(p, objectAt(out, "fieldConfig"), sql); err != nil {
		return nil, err
	}
	return out, nil
}

func targets(p *panel, sql string, table bool) (object, []object) {
	if len(p.Prometheus) > 0 {
		source := object{"type": "prometheus", "uid": "${prometheus}"}
		var out []object
		for i, s := range p.Prometheus {
			out = append(out, object{"refId": string(rune('A' + i)), "datasource": source, "editorMode": "code", "range": true, "expr": s.Expr, "legendFormat": s.Legend})
		}
		return source, out
	}
	source := object{"type": "grafana-clickhouse-datasource", "uid": "${datasource}"}
	format, kind := 0, "timeseries"
	if table {
		format, kind = 1, "table"
	}
	return source, []object{{
		"refId": "A", "datasource": source, "editorType": "sql", "pluginVersion": "4.20.0", "format": format, "queryType": kind, "rawSql": sql,
	}}
}

func (g *generator) fieldConfig(p *panel, preset object, sql string) (object, error) {
	defaults := merge(objectAt(preset, "defaults"), p.Defaults)
	set := func(id string, given bool, value any) {
		if given {
			defaults[id] = value
		}
	}
	set("noValue", p.Empty != "", p.Empty)
	set("unit", p.Unit != "", p.Unit)
	set("decimals", p.Decimals != nil, p.Decimals)
	set("min", p.Min != nil, p.Min)
	set("max", p.Max != nil, p.Max)
	if len(p.Links) > 0 {
		links, err := g.links(p.Links)
		if err != nil {
			return nil, err
		}
		defaults["links"] = links
	}
	if mappings, ok := defaults["mappings"].(string); ok {
		defaults["mappings"] = g.values(mappings)
	}
	overrides := []object{}
	if p.Type == "table" { // noValue is also what an empty cell shows
		overrides = append(overrides, object{"matcher": object{"id": "byRegexp", "options": "/.*/"}, "properties": []object{{"id": "noValue", "value": " "}}})
	}
	for _, s := range g.common.Statuses {
		if strings.Contains(sql, `AS "`+s.Name+`"`) {
			c := column{Color: s.Color}
			if p.Type == "table" {
				c.Width, c.Cell = 110, object{"type": "color-text"}
			}
			properties, err := g.properties(&c)
			if err != nil {
				return nil, err
			}
			overrides = append(overrides, override(s.Name, properties))
		}
	}
	for _, c := range p.Columns {
		c, err := g.preset(c)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		properties, err := g.properties(&c)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		overrides = append(overrides, override(c.Name, properties))
	}
	return object{"defaults": defaults, "overrides": overrides}, nil
}

// links writes out links and the names of links.
func (g *generator) links(links []dataLink) ([]object, error) {
	var out []object
	for _, l := range links {
		if l.Name != "" {
			known, found := g.common.Links[l.Name]
			if !found {
				return nil, fmt.Errorf("link %s is not in common.yaml", l.Name)
			}
			l = known
		}
		url, err := g.expand(l.URL)
		if err != nil {
			return nil, err
		}
		out = append(out, object{"title": l.Title, "url": url, "targetBlank": l.Blank})
	}
	return out, nil
}

func objectAt(o object, key string) object {
	inner, _ := o[key].(object)
	return inner
}
