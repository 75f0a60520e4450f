package truth

import "github.com/provtrail/provtrail/internal/simulate/model"

// Names are the sources of a tenant whose names are known, by id: those of which some
// document gave the id and the name together. What one document gives holds for the
// whole tenant.
type Names map[string]string

// learn records a document that gave a source's id and name.
func (n Names) learn(s *model.Source) { n[s.ID] = s.Name }

// of is what a source is called: its name where that is known, else its key.
func (n Names) of(key string) string {
	if name, ok := n[key]; ok {
		return name
	}
	return key
}
