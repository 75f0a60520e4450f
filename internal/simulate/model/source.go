package model

import (
	"fmt"
	"strings"

	"github.com/provtrail/provtrail/provisioning/errorclass"
)

// Source is one target system.
type Source struct {
	ID   string
	Name string
	Type string // the connector's type, as the vendor writes it
	// Family is the connector's in the table of error signatures.
	Family string

	EntitlementAttribute string
	Entitlements         []string
	Attributes           []string // what attribute sync and refreshes write

	// How it behaves.
	Seconds      float64 // median time of one change
	FailureRate  float64
	VerifyRate   float64                 // share of changes an aggregation will see
	AggregateMin int64                   // minutes between aggregations
	faults       []*errorclass.Signature // what can go wrong
	passing      []*errorclass.Signature // and those of them that the vendor tries again
	ServiceDesk  string                  // name of the service desk integration, with tickets
	Disconnected bool                    // changed by hand: never verifiable
	Passwords    bool                    // has passwords the tenant manages

	account func(*Identity) string
}

// IdentityNow reports whether this is the identity system itself.
func (s *Source) IdentityNow() bool { return s.Name == identityNowName }

// RESTID is what the account activities API writes as sourceId: the id, but for
// the identity system itself its name.
func (s *Source) RESTID() string {
	if s.IdentityNow() {
		return s.Name
	}
	return s.ID
}

// Account is the native identity of a person's account on the source.
func (s *Source) Account(i *Identity) string { return s.account(i) }

const (
	identityNowName = "IdentityNow"
	domain          = "DC=corp,DC=example,DC=com"
)

func byName(i *Identity) string  { return i.Name }
func byEmail(i *Identity) string { return strings.ToLower(i.Name) + "@example.com" }
func byUser(i *Identity) string {
	first, last, _ := strings.Cut(strings.ToLower(i.Name), ".")
	return first[:1] + last
}

func byNumber(prefix string) func(*Identity) string {
	return func(i *Identity) string { return fmt.Sprintf("%s%d", prefix, i.Number) }
}

func byDN(i *Identity) string {
	return "CN=" + i.Display + ",OU=" + i.Department + ",OU=People," + domain
}

func byUID(i *Identity) string {
	return "uid=" + strings.ToLower(i.Name) + ",ou=people,dc=example,dc=com"
}
