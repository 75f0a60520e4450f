package personal

import (
	"fmt"
	"strings"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Person is whom a row is about: an identity, or where the row names none an account on a
// source, or where it names neither nobody. Nobody's rows of a tenant share a key.
type Person struct {
	Tenant   string
	Identity string
	Source   string // its id, or its name where the row has no id
	Account  string // compared without case, as in the ids of activities
}

// String names the person.
func (p Person) String() string {
	switch {
	case p.Identity != "":
		return fmt.Sprintf("identity %q of tenant %q", p.Identity, p.Tenant)
	case p.Account != "":
		return fmt.Sprintf("account %q on source %q of tenant %q, where rows name no identity", p.Account, p.Source, p.Tenant)
	default:
		return fmt.Sprintf("nobody of tenant %q", p.Tenant)
	}
}

// Of returns whom a row is about.
func Of(r *record.Record) Person {
	return person(r.Tenant, r.IdentityID, r.SourceID, r.SourceName, r.AccountID)
}

func person(tenant, identity, sourceID, sourceName, account string) Person {
	switch {
	case identity != "":
		return Person{Tenant: tenant, Identity: identity}
	case account == "":
		return Person{Tenant: tenant}
	case sourceID != "":
		return Person{Tenant: tenant, Source: sourceID, Account: strings.ToLower(account)}
	default:
		return Person{Tenant: tenant, Source: sourceName, Account: strings.ToLower(account)}
	}
}

// token is how the store knows a person: without the store's secret nobody can compute it.
type token [16]byte

func (p Person) token(secret []byte) (t token) {
	copy(t[:], mac(secret, p.Tenant, p.Identity, p.Source, p.Account))
	return t
}

// about are the indexes of the fields that say whom a row is about.
type about struct{ tenant, identity, sourceID, sourceName, account int }

var (
	activity   = about{field(record.Activities, "tenant"), field(record.Activities, "identity_id"), field(record.Activities, "source_id"), field(record.Activities, "source_name"), field(record.Activities, "account_id")}
	quarantine = about{field(record.Quarantine, "tenant"), -1, -1, -1, -1}
)

func field[T any](s *record.Schema[T], name string) int {
	for i := range s.Fields {
		if s.Fields[i].Column == name {
			return i
		}
	}
	panic("personal: there is no column " + name)
}

// persons returns whom each row is about, as indexes of the distinct persons.
func (a about) persons(b *columnar.Batch, rows *columnar.Rows) (all []Person, of []int32) {
	of = make([]int32, rows.Len())
	columns := [...]*columnar.Column{column(rows, a.tenant), column(rows, a.identity), column(rows, a.sourceID), column(rows, a.sourceName), column(rows, a.account)}
	known, byPerson := map[[len(columns)]uint32]int32{}, map[Person]int32{}
	for row := range of {
		var key [len(columns)]uint32
		for i, c := range columns {
			if c.Texts != nil {
				key[i] = c.Texts[row]
			}
		}
		at, ok := known[key]
		if !ok {
			p := person(b.Text(key[0]), b.Text(key[1]), b.Text(key[2]), b.Text(key[3]), b.Text(key[4]))
			if at, ok = byPerson[p]; !ok {
				at = int32(len(all))
				all, byPerson[p] = append(all, p), at
			}
			known[key] = at
		}
		of[row] = at
	}
	return all, of
}

func column(rows *columnar.Rows, i int) *columnar.Column {
	if i < 0 {
		return &columnar.Column{}
	}
	return rows.Column(i)
}
