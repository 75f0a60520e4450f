package main

import (
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// comparison collects how our description differs from the vendor's.
type comparison struct {
	ours        node
	vendor      *publishedCopy
	differences []string
	absent      []string // files that the copy does not have
}

// compare compares everything of ours that has x-published.
func compare(file string, vendor *publishedCopy) (*comparison, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	c := &comparison{vendor: vendor}
	if err := yaml.Unmarshal(text, &c.ours); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	each := func(of node, compare func(where string, ours, theirs node)) error {
		for _, name := range slices.Sorted(maps.Keys(of)) {
			ours := of[name].(node)
			published, ok := ours["x-published"].(string)
			if !ok {
				continue
			}
			theirs, err := vendor.open(published)
			switch {
			case err != nil:
				return err
			case theirs == nil:
				c.missing(published)
			default:
				compare(name, ours, theirs)
			}
		}
		return nil
	}
	if err := each(c.ours["paths"].(node), c.path); err != nil {
		return nil, err
	}
	err = each(c.ours["components"].(node)["schemas"].(node), c.schema)
	return c, err
}

func (c *comparison) differ(where, format string, args ...any) {
	c.differences = append(c.differences, where+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) missing(name string) {
	if !slices.Contains(c.absent, name) {
		c.absent = append(c.absent, name)
	}
}

// path compares the parameters and the answer of each method.
func (c *comparison) path(where string, ours, theirs node) {
	for _, method := range []string{"get", "post"} {
		a, ok := ours[method].(node)
		if !ok {
			continue
		}
		at := strings.ToUpper(method) + " " + where
		b, ok := theirs[method].(node)
		if !ok {
			c.differ(at, "the vendor has no such method")
			continue
		}
		known := map[string]node{}
		for _, p := range list(b["parameters"]) {
			parameter, name := c.theirs(p.(node))
			if parameter != nil {
				name, _ = parameter["name"].(string)
			}
			known[name] = parameter
		}
		for _, p := range list(a["parameters"]) {
			parameter, _ := c.own(p.(node))
			name := parameter["name"].(string)
			other, ok := known[name]
			switch {
			case !ok:
				c.differ(at, "the vendor has no parameter %s", name)
			case other != nil:
				c.schema(at+" parameter "+name, parameter["schema"].(node), other["schema"].(node))
				c.lists(at+" parameter "+name, parameter, other)
			}
		}
		c.schema(at+" 200", answer(a), answer(b))
	}
}

func answer(operation node) node {
	for _, key := range []string{"responses", "200", "content", "application/json"} {
		operation, _ = operation[key].(node)
	}
	schema, _ := operation["schema"].(node)
	return schema
}

// lists compares the fields and operators of filters and sorters, which the vendor
// gives in its prose.
func (c *comparison) lists(where string, ours, theirs node) {
	prose, _ := theirs["description"].(string)
	operators := map[string][]string{}
	for _, m := range regexp.MustCompile(`\*\*(\w+)\*\*: \*([a-z, ]+)\*`).FindAllStringSubmatch(prose, -1) {
		operators[m[1]] = strings.Split(m[2], ", ")
	}
	if own, ok := ours["x-operators"].(node); ok {
		for _, field := range slices.Sorted(maps.Keys(own)) {
			c.values(where+" field "+field, "operator", own[field], operators[field])
		}
	}
	if own, ok := ours["x-fields"]; ok {
		var fields []string
		if m := regexp.MustCompile(`fields: \*\*([A-Za-z, ]+)\*\*`).FindStringSubmatch(prose); m != nil {
			fields = strings.Split(m[1], ", ")
		}
		c.values(where, "field", own, fields)
	}
}

// schema compares types, enums, fields and elements. What has an x-published of its
// own is compared apart.
func (c *comparison) schema(where string, ours, theirs node) {
	a, apart := c.own(ours)
	b, _ := c.theirs(theirs)
	if apart || b == nil {
		return
	}
	for _, key := range []string{"type", "format", "nullable"} {
		if a["anyOf"] != nil || a["allOf"] != nil {
			break // only the field's existence is compared
		}
		if key == "type" && (a[key] == nil || b[key] == nil) {
			continue // an enum may stand without a type
		}
		if normal(key, a[key]) != normal(key, b[key]) {
			c.differ(where, "%s is %v, the vendor's %v", key, a[key], b[key])
		}
	}
	if b["enum"] != nil && a["enum"] != nil {
		c.values(where, "value", a["enum"], texts(b["enum"]))
	}
	known, _ := b["properties"].(node)
	fields, _ := a["properties"].(node)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		field := fields[name].(node)
		other, ok := known[name].(node)
		switch {
		case field["x-unpublished"] == true:
		case !ok:
			c.differ(where, "the vendor has no field %s", name)
		default:
			c.schema(where+"."+name, field, other)
		}
	}
	if a["items"] != nil && b["items"] != nil {
		c.schema(where+"[]", a["items"].(node), b["items"].(node))
	}
}

// normal is a keyword's value without what makes no difference to a reader.
func normal(key string, value any) any {
	switch {
	case key == "nullable" && value == nil:
		return false
	case key == "format" && value != "date-time":
		return nil
	default:
		return value
	}
}

// values reports what one list has and the other lacks.
func (c *comparison) values(where, kind string, ours any, theirs []string) {
	own := texts(ours)
	for _, v := range own {
		if !slices.Contains(theirs, v) {
			c.differ(where, "the vendor has no %s %s", kind, v)
		}
	}
	for _, v := range theirs {
		if !slices.Contains(own, v) {
			c.differ(where, "the vendor also has the %s %s", kind, v)
		}
	}
}

// own resolves a reference inside our file; apart says that the target is compared by
// itself.
func (c *comparison) own(n node) (target node, apart bool) {
	ref, ok := n["$ref"].(string)
	if !ok {
		return n, false
	}
	target = c.ours
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		target = target[part].(node)
	}
	return target, target["x-published"] != nil
}

// theirs resolves a reference to another file; nil if the copy does not have the file.
func (c *comparison) theirs(n node) (target node, name string) {
	ref, ok := n["$ref"].(string)
	if !ok {
		return n, ""
	}
	file := path.Base(ref)
	target, err := c.vendor.open(file)
	if err != nil || target == nil {
		c.missing(file)
		return nil, strings.TrimSuffix(file, ".yaml")
	}
	return target, ""
}

func list(v any) []any {
	out, _ := v.([]any)
	return out
}

func texts(v any) (out []string) {
	for _, e := range list(v) {
		out = append(out, fmt.Sprint(e))
	}
	return out
}
