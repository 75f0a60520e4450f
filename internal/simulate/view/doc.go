// Package view renders what is true in package model as the vendor's documents:
// the account activity of the REST API, the accountactivities and events
// documents of the search API, and the Provisioning Completed trigger. Spelling
// and oddities are the vendor's (COMMITED, a source id that is a name, null where
// a list could be empty).
package view

import (
	"strings"
	"time"

	"github.com/provtrail/provtrail/internal/simulate/model"
)

// Stamp writes a time in milliseconds since 1970 as the vendor does.
func Stamp(at int64) string {
	return string(model.Time(at).AppendFormat(make([]byte, 0, 24), "2006-01-02T15:04:05.000Z"))
}

// ParseTime reads what the vendor's APIs accept as a time.
func ParseTime(text string) (int64, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	return t.UnixMilli(), err
}

func nilIfEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// sourceNames joins the names of a group's sources as the vendor does.
func sourceNames(g *model.Group) string {
	var names []string
	seen := map[*model.Source]bool{}
	for i := range g.Requests {
		if s := g.Requests[i].Source; !seen[s] {
			seen[s] = true
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, ", ")
}

// errorsUntil lists what connectors had reported by the time; nil while nothing was.
func errorsUntil(g *model.Group, at int64) []string {
	var out []string
	for i := range g.Requests {
		for _, p := range g.Requests[i].Life {
			if p.Error != "" && p.At <= at {
				out = append(out, p.Error)
			}
		}
	}
	return out
}
