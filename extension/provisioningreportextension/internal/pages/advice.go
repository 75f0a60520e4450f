package pages

import (
	"cmp"
	"sync"

	"github.com/provtrail/provtrail/provisioning/errorclass"
)

// advice says what an error is and what to do about it.
type advice struct {
	Category errorclass.Category
	Title    string
	Actor    string // who acts
	Action   string // the next one
	Retry    errorclass.Retry
}

var signatures = sync.OnceValue(func() map[string]errorclass.Signature {
	known := map[string]errorclass.Signature{}
	for _, s := range errorclass.Builtin() {
		known[s.ID] = s
	}
	return known
})

// adviceFor a category and a signature; nil for no category. A signature of the user's own
// is not known here: its category is. So is a category of another version of the program
// shown as it is.
func adviceFor(category, signature string) *advice {
	if category == "" {
		return nil
	}
	info, ok := errorclass.Category(category).Info()
	if !ok {
		return &advice{Category: errorclass.Category(category), Title: category}
	}
	s := signatures()[signature]
	return &advice{
		Category: info.Category, Title: info.Title, Actor: info.Actor,
		Action: cmp.Or(s.Action, info.Action), Retry: cmp.Or(s.Retry, info.Retry),
	}
}
