package main

import (
	"fmt"
	"slices"
	"strings"
	"text/template"
)

// expand writes out the {{ }} of a query or an address of a board.
func (g *generator) expand(text string) (string, error) {
	functions := template.FuncMap{
		"is": func(column, variable string) string {
			return fmt.Sprintf("$__conditionalAll(%s IN %s, $%s)", column, list(variable), variable)
		},
		"list":       list,
		"text":       typed,
		"value":      optionValue,
		"eachStatus": g.eachStatus,
		"carry":      g.carry,
	}
	for name, part := range g.common.SQL {
		functions[name] = func() (string, error) { return g.expand(strings.TrimSuffix(part, "\n")) }
	}
	parsed, err := template.New("").Funcs(functions).Parse(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = parsed.Execute(&out, nil)
	return out.String(), err
}

// typed is the text of a variable that is typed in. None of Grafana's formats for SQL
// escapes a backslash, which ClickHouse reads as an escape; percent encoding leaves
// nothing to escape.
func typed(variable string) string {
	return fmt.Sprintf("decodeURLComponent('${%s:percentencode}')", variable)
}

// list is an array of the values that are chosen in a variable. Grafana joins them to
// {a,b}; a value with a comma of its own is encoded once more, by [optionValue].
func list(variable string) string {
	return fmt.Sprintf("arrayMap(v -> decodeURLComponent(v), splitByChar(',', trim(BOTH '{}' FROM %s)))", typed(variable))
}

// optionValue is the value of an option of a variable: the text itself unless it has a
// character that means something to [list] or to Grafana.
func optionValue(column string) string {
	return fmt.Sprintf(`if(match(%[1]s, '[%%,\x24\\\\\'{}]'), encodeURLComponent(%[1]s), %[1]s)`, column)
}

// eachStatus is a column for each status, named as the status is: % stands for its name.
func (g *generator) eachStatus(expression string) string {
	columns := make([]string, len(g.common.Statuses))
	for i, s := range g.common.Statuses {
		columns[i] = strings.ReplaceAll(expression, "%", s.Name) + ` AS "` + s.Name + `"`
	}
	return strings.Join(columns, ", ")
}

// carry is the part of an address that takes the values of this board's variables to the
// board Activities, except for some.
func (g *generator) carry(except ...string) string {
	var out []string
	for _, name := range slices.Concat(g.board.Menu, g.board.Variables) {
		if g.activities.has(name) && !slices.Contains(except, name) {
			out = append(out, "${"+name+":queryparam}")
		}
	}
	return strings.Join(out, "&")
}

func (b *board) has(variable string) bool {
	return slices.Contains(b.Variables, variable) || slices.Contains(b.Menu, variable)
}
