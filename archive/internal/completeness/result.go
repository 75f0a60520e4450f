package completeness

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Result says which hours of the vendor's clock are complete.
type Result struct {
	// NotShown is the reason why nothing can be said; empty where Feeds has something.
	NotShown string `json:"not_shown,omitempty"`
	Feeds    []Feed `json:"feeds,omitempty"`
	// Incomplete are the hours from the first statement of a feed to its last that are not
	// complete, by tenant, feed and hour.
	Incomplete []Hour `json:"incomplete,omitempty"`
}

// Feed is a feed of a tenant.
type Feed struct {
	Tenant string    `json:"tenant"`
	Feed   string    `json:"feed"`
	Since  time.Time `json:"since"` // the first hour with a statement
	// CompleteUntil is the end of the last hour before which every hour from Since on is
	// complete; nil where the first is not.
	CompleteUntil *time.Time `json:"complete_until"`
	StatedUntil   time.Time  `json:"stated_until"` // end of the last hour with a statement
	Hours         int        `json:"hours"`        // with a statement
	CompleteHours int        `json:"complete_hours"`
	Documents     int64      `json:"documents"` // distinct ones that are held of these hours
	Missing       int64      `json:"missing"`
}

// Hour is an hour of a feed that is not complete, or several in succession that have no
// statement.
type Hour struct {
	Tenant string      `json:"tenant"`
	Feed   string      `json:"feed"`
	Hour   layout.Hour `json:"hour"`
	Hours  int         `json:"hours"`

	Verdict     record.Verdict `json:"verdict"`      // empty: there is no statement
	VendorCount int64          `json:"vendor_count"` // documents the vendor counts
	Delivered   int64          `json:"delivered"`    // documents that were turned into observations, as stated
	Held        int64          `json:"held"`         // of those, as counted here
	Missing     int64          `json:"missing"`      // documents the vendor has and the archive has not
	// MissingIDs are the vendor's ids of missing documents, where the statement names them.
	MissingIDs []string `json:"missing_ids,omitempty"`
	Problem    string   `json:"problem"`
}

// Overlaps reports whether some of the hours are between two times; a zero time is no bound.
func (h *Hour) Overlaps(from, to time.Time) bool {
	return (from.IsZero() || (h.Hour + layout.Hour(h.Hours)).Start().After(from)) && (to.IsZero() || h.Hour.Start().Before(to))
}

// String names the feed and the hours.
func (h *Hour) String() string {
	hours := h.Hour.String()
	if h.Hours > 1 {
		hours += " to " + (h.Hour + layout.Hour(h.Hours) - 1).String()
	}
	return fmt.Sprintf("%s %s %s", h.Tenant, h.Feed, hours)
}

// conclude compares statements with what is held, see check.documents.
func conclude(statements []record.Reconciliation, held []held) *Result {
	r := &Result{}
	quarantined := held[len(statements):]
	var f *Feed
	for i := range statements {
		s := &statements[i]
		k := keyOf(s)
		if f == nil || f.Tenant != k.tenant || f.Feed != k.feed {
			r.Feeds = append(r.Feeds, Feed{Tenant: k.tenant, Feed: k.feed, Since: k.hour.Start(), StatedUntil: k.hour.Start()})
			f = &r.Feeds[len(r.Feeds)-1]
		}
		if next := layout.HourOf(f.StatedUntil); next < k.hour {
			r.Incomplete = append(r.Incomplete, Hour{Tenant: k.tenant, Feed: k.feed, Hour: next, Hours: int(k.hour - next), Problem: "there is no statement"})
		}
		h := judge(s, held[i], quarantined[i])
		whole := h.Problem == ""
		end := (k.hour + 1).Start()
		if whole {
			f.CompleteHours++
			if until := f.CompleteUntil; until == nil && f.Hours == 0 || until != nil && until.Equal(k.hour.Start()) {
				f.CompleteUntil = &end
			}
		} else {
			r.Incomplete = append(r.Incomplete, h)
		}
		f.StatedUntil = end
		f.Hours++
		f.Documents += h.Held
		f.Missing += h.Missing
	}
	return r
}

// addSilent adds the feeds that have statements about hours before first alone.
func (r *Result) addSilent(statements []record.Reconciliation, first layout.Hour) {
	for i := range statements {
		k := keyOf(&statements[i])
		if !slices.ContainsFunc(r.Feeds, func(f Feed) bool { return f.Tenant == k.tenant && f.Feed == k.feed }) {
			r.Feeds = append(r.Feeds, Feed{Tenant: k.tenant, Feed: k.feed, Since: first.Start(), StatedUntil: first.Start()})
		}
	}
}

// judge compares a statement with the documents that are held of its hour. The digest alone
// shows that these are the delivered ones; it leaves out documents without an id.
func judge(s *record.Reconciliation, observed, quarantined held) Hour {
	h := Hour{
		Tenant: s.Tenant, Feed: string(s.Feed), Hour: layout.HourAt(s.Hour), Hours: 1, Verdict: s.Verdict,
		VendorCount: s.VendorCount, Delivered: s.Observed, Held: observed.count, Missing: s.Missing, MissingIDs: s.MissingIDs,
	}
	var problems []string
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if !Agrees(s) {
		say("the vendor has %d documents, %d were delivered (%s)", s.VendorCount, s.Observed+s.Ignored+s.Quarantined, s.Verdict)
	}
	if record.DocumentsDigest(observed.digest).String() != s.Digest {
		switch missing := s.Observed - observed.count; {
		case missing > 0:
			say("%d were turned into observations, the archive holds %d of them", s.Observed, observed.count)
			h.Missing += missing
		case missing == 0:
			say("the archive holds %d documents, which are not those that were delivered", observed.count)
			h.Missing++
		default:
			say("the archive holds %d documents, %d more than the statement knows: they came after it", observed.count, -missing)
		}
	}
	if missing := s.Quarantined - quarantined.count; missing > 0 {
		say("%d were quarantined, the archive holds %d of them", s.Quarantined, quarantined.count)
		h.Missing += missing
	}
	h.Problem = strings.Join(problems, "; ")
	return h
}

// Agrees reports whether a statement says that every document was delivered.
func Agrees(s *record.Reconciliation) bool {
	return s.Verdict == record.VerdictAgreed || s.Verdict == record.VerdictFewer && s.Missing == 0
}
