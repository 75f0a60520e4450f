package heal

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Filter says which records are meant. Zero values do not restrict. Of several values of a
// list one must match; text is compared without case.
type Filter struct {
	// Since and Until bound the time of what happened: Since is within, Until is not.
	Since, Until time.Time
	Tenant       []string
	Identity     []string // id or name
	Group        []string // id or number
}

// Selection is the filter for files of the archive. Quarantined data and reconciliations
// belong to no identity and no group.
func (f *Filter) Selection() archive.Selection {
	return archive.Selection{
		Since: f.Since, Until: f.Until,
		Activity: f.matches,
		Quarantined: func(q *record.Quarantined) bool {
			return one(f.Tenant, q.Tenant) && len(f.Identity)+len(f.Group) == 0
		},
		Reconciliation: func(s *record.Reconciliation) bool {
			return one(f.Tenant, s.Tenant) && len(f.Identity)+len(f.Group) == 0
		},
	}
}

func (f *Filter) matches(r *record.Record) bool {
	return one(f.Tenant, r.Tenant) && one(f.Identity, r.IdentityID, r.IdentityName) &&
		(len(f.Group) == 0 || one(f.Group, r.GroupID, strconv.FormatInt(r.GroupNumber, 10)))
}

// includes reports whether something happened within the filter's period.
func (f *Filter) includes(r *record.Record) bool {
	at := r.At().AsTime()
	return (f.Since.IsZero() || !at.Before(f.Since)) && (f.Until.IsZero() || at.Before(f.Until))
}

func one(wanted []string, values ...string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, func(w string) bool {
		return slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, w) })
	})
}
