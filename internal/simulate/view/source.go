package view

import "github.com/provtrail/provtrail/internal/simulate/model"

// Source is the part of the vendor's source object that clients look names up in.
type Source struct {
	ID            string   `json:"id"`
	Name          string   `json:"name"`
	Description   string   `json:"description"`
	Type          string   `json:"type"`
	Connector     string   `json:"connector"`
	Authoritative bool     `json:"authoritative"`
	Healthy       bool     `json:"healthy"`
	Features      []string `json:"features"`
	Owner         Party    `json:"owner"`
}

// SourceOf is a source as GET /sources shows it.
func SourceOf(s *model.Source) Source {
	out := Source{
		ID: s.ID, Name: s.Name, Description: s.Name + " of the simulated tenant", Type: s.Type, Connector: s.Type, Healthy: true,
		Features: []string{"PROVISIONING", "SEARCH", "ENABLE", "UNLOCK"}, Owner: Party{Name: "System", ID: "00000000000000000000000000000001", Type: "IDENTITY"},
	}
	if s.Passwords {
		out.Features = append(out.Features, "PASSWORD")
	}
	return out
}
