package model

import "fmt"

// Tenant is one organisation: its people and the systems they have accounts on.
type Tenant struct {
	Name       string // the org, e.g. "acme"
	Pod        string
	Seed       uint64
	Identities []Identity
	Sources    []*Source
	Ties       float64 // share of groups that change at the same times as others

	identityNow *Source
	connected   []*Source // sources that access is requested on
	system      Identity
}

// Identity is one person (or the system itself, as requester).
type Identity struct {
	ID         string
	Name       string // "Noor.Lindqvist"
	Display    string // "Noor Lindqvist"
	Department string
	Manager    int // index of the identity who approves for this one
	Number     int // employee number
	GUID       string
}

// NewTenant makes the tenant of a seed. The same seed and number of identities
// give the same tenant.
func NewTenant(name string, seed uint64, identities int) *Tenant {
	r := newRandom(seed, 1)
	t := &Tenant{
		Name: name, Pod: "pod01-useast1", Seed: seed,
		Identities: make([]Identity, identities),
		Sources:    newSources(r),
		system:     Identity{ID: r.hex32(), Name: "System", Display: "System"},
	}
	managers := max(1, identities/12)
	seen := make(map[string]int, identities)
	for i := range t.Identities {
		first, last := pick(r, firstNames), pick(r, lastNames)
		name, display := first+"."+last, first+" "+last
		if seen[name]++; seen[name] > 1 {
			name, display = fmt.Sprintf("%s%d", name, seen[name]), fmt.Sprintf("%s %d", display, seen[name])
		}
		t.Identities[i] = Identity{
			ID: r.hex32(), Name: name, Display: display, Department: pick(r, departments),
			Manager: r.IntN(managers), Number: 100000 + i, GUID: guid(r),
		}
	}
	for _, s := range t.Sources {
		if s.IdentityNow() {
			t.identityNow = s
		} else {
			t.connected = append(t.connected, s)
		}
	}
	return t
}

// Source returns the source with the id, or nil.
func (t *Tenant) Source(id string) *Source {
	for _, s := range t.Sources {
		if s.ID == id {
			return s
		}
	}
	return nil
}

func (t *Tenant) manager(i *Identity) *Identity { return &t.Identities[i.Manager] }

// guid is an account's uuid as Active Directory writes it.
func guid(r random) string {
	h := r.hex32()
	return "{" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:] + "}"
}
