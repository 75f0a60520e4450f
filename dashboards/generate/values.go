package main

import "maps"

// values are the value mappings of a column.
func (g *generator) values(name string) []object {
	switch name {
	case "status":
		options := object{}
		for i, s := range g.common.Statuses {
			options[s.Name] = object{"text": s.Name, "color": s.Color, "index": i}
		}
		return []object{{"type": "value", "options": options}}
	case "yes":
		yes, no := object{"text": "yes", "index": 0}, object{"text": " ", "index": 1}
		return []object{{"type": "value", "options": object{"true": yes, "1": yes, "false": no, "0": no}}}
	default:
		return nil
	}
}

// override is what Grafana does to one column or series.
func override(name string, properties []object) object {
	return object{"matcher": object{"id": "byName", "options": name}, "properties": properties}
}

// properties are those of a column.
func (g *generator) properties(c *column) ([]object, error) {
	var out []object
	set := func(id string, value any) { out = append(out, object{"id": id, "value": value}) }
	if c.Hidden { // the first in Grafana before 12.2, the second since
		set("custom.hidden", true)
		set("custom.hideFrom", object{"viz": true, "legend": true, "tooltip": true})
	}
	if c.Width > 0 {
		set("custom.width", c.Width)
	}
	if c.Unit != "" {
		set("unit", c.Unit)
	}
	if c.Decimals != nil {
		set("decimals", *c.Decimals)
	}
	if mappings := g.values(c.Values); mappings != nil {
		set("mappings", mappings)
	}
	cell := c.Cell
	if c.Wrap {
		cell = merge(object{"type": "auto", "wrapText": true}, c.Cell)
	}
	if cell != nil {
		set("custom.cellOptions", cell)
	}
	if c.Color != "" {
		set("color", object{"mode": "fixed", "fixedColor": c.Color})
	}
	if len(c.Links) > 0 {
		links, err := g.links(c.Links)
		if err != nil {
			return nil, err
		}
		set("links", links)
	}
	for _, id := range sortedKeys(c.Extra) {
		set(id, c.Extra[id])
	}
	return out, nil
}

// preset fills a column from the preset of its name. What the column says itself wins.
func (g *generator) preset(c column) (column, error) {
	p, found := g.common.Columns[c.Name]
	if !found {
		return c, nil
	}
	p.Name, p.Cell, p.Extra = c.Name, maps.Clone(p.Cell), maps.Clone(p.Extra)
	if c.node == nil {
		return p, nil
	}
	type plain column
	return p, c.node.Decode((*plain)(&p))
}
