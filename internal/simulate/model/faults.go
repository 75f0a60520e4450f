package model

import (
	"slices"
	"strings"
	"sync"

	"github.com/provtrail/provtrail/provisioning/errorclass"
)

var signatures = sync.OnceValue(errorclass.Builtin)

// foreign are errors that no signature knows: a customer's rule throws its own words.
var foreign = []errorclass.Signature{
	{ID: "rule_words", Category: errorclass.Unclassified, Example: "java.lang.IllegalArgumentException: Compte introuvable dans l'annuaire: akovar"},
	{ID: "rule_code", Category: errorclass.Unclassified, Example: "Regel PAY-7 stoppt akovar"},
}

// byPeople are what no connector reports.
var byPeople = []errorclass.Category{
	errorclass.ApprovalRejected, errorclass.ApprovalExpired, errorclass.RequestCancelled, errorclass.ManualWork,
}

// faultsOf lists what can go wrong with sources of a family, that family's own errors
// first: the signatures whose examples their connectors write.
func faultsOf(family string) (own []*errorclass.Signature) {
	var common []*errorclass.Signature
	list := signatures()
	for i := range list {
		switch s := &list[i]; {
		case s.Connector == family:
			own = append(own, s)
		case s.Connector == "*" && !slices.Contains(byPeople, s.Category):
			common = append(common, s)
		}
	}
	for i := range foreign {
		common = append(common, &foreign[i])
	}
	return append(own, common...)
}

// faultOf is the first error of a category that the source has.
func (s *Source) faultOf(category errorclass.Category) *errorclass.Signature {
	for _, f := range s.faults {
		if f.Category == category {
			return f
		}
	}
	return &foreign[0]
}

// failed is a phase that ends in the error of a signature, in the words of the source's
// connector.
func (r *Request) failed(rng random, at int64, s *errorclass.Signature) Phase {
	user := byUser(r.Owner)
	text := strings.NewReplacer(
		"akovar", user, "AKOVAR", strings.ToUpper(user), "ana.kovar", strings.ToLower(r.Owner.Name), "Ana Kovar", r.Owner.Display,
	).Replace(s.Example)
	return Phase{State: Failed, At: at, Error: r.Source.wrap(rng, text, s.Connector != "*"), Category: s.Category}
}

// wrap puts around an error what its connector puts there. Only texts of the connector's
// own have suggestions.
func (s *Source) wrap(rng random, text string, own bool) string {
	if own && s.Family == "LDAP" && strings.HasSuffix(text, "]") {
		return "javax.naming.NamingException: " + text + "; remaining name 'ou=people,dc=example,dc=com'\x00"
	}
	if own && s.Family == "Active Directory" && !strings.Contains(text, "IQService") && rng.chance(0.7) {
		text = "Error(s) returned from IQService. " + text
	}
	switch p := rng.IntN(12); {
	case p == 0 && own:
		return "[ ConnectorException ] [ Possible suggestions ] See the connector's guide. [ Error details ] " + text
	case p == 1:
		return "Status : failed\\n" + text
	case p == 2:
		return text + "\nThe change was not made on " + s.Name
	case p == 3:
		return "The change of the account ended; " + text
	case p <= 6:
		return "sailpoint.connector.ConnectorException: " + text
	default:
		return text
	}
}
