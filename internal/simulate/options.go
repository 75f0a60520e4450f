package simulate

import (
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/provtrail/provtrail/internal/settings"
	"github.com/provtrail/provtrail/internal/simulate/model"
)

// The feeds a tenant can be read through.
const (
	FeedREST    = "rest"
	FeedSearch  = "search"
	FeedEvents  = "events"
	FeedWebhook = "webhook"
)

// Feeds lists all feeds.
var Feeds = []string{FeedREST, FeedSearch, FeedEvents, FeedWebhook}

// Options is what to simulate. The zero value is not usable; start from
// DefaultOptions.
type Options struct {
	Tenant       string
	Seed         uint64
	Identities   int
	GroupsPerDay float64 // in a mean day; working days have more, nights and weekends less

	From, To time.Time        // the past period; nothing is written for it if From is not before To
	Now      func() time.Time // the clock of live traffic; nil: time.Now
	Stories  bool             // add the tenant's stories, see [model.Tenant.Stories]
	Live     bool             // go on in real time after the period
	LiveFor  time.Duration
	Rate     float64 // groups per second while live; 0: the tenant's own rhythm

	Out       string // folder that gets inbox/ and truth/
	Envelopes bool   // triggers are in the envelope of Amazon EventBridge, which gives them a time
	Append    bool   // add to the files of an earlier run
	Feeds     []string

	Late       float64 // share of search documents and events that appear up to 24 h late
	Duplicates float64 // share of documents written twice
	Shuffle    float64 // share of documents written out of order, up to 10 min late
	Ties       float64 // share of groups that change at the very same times as others

	FileSize int64     // bytes after which a file of the same hour is followed by another
	Progress io.Writer // gets a progress bar; nil: none

	PastWritten func() error // called once the past period and its truth are on disk; nil: not
}

// DefaultOptions is a middle-sized company over the last seven days.
func DefaultOptions() Options {
	return Options{
		Tenant: "acme", Seed: 1, Identities: 2000, GroupsPerDay: 3000, Out: filepath.Join("data", "simulated"),
		Feeds: slices.Clone(Feeds), Late: 0.01, Duplicates: 0.02, Shuffle: 0.03, FileSize: 128 << 20,
	}
}

// Validate returns everything that is wrong with the options.
func (o *Options) Validate() error {
	var wrong settings.Problems
	share := func(name string, v float64) {
		wrong.If(v < 0 || v > 1, "%s is %v, want a share between 0 and 1", name, v)
	}
	share("late", o.Late)
	share("duplicates", o.Duplicates)
	share("shuffle", o.Shuffle)
	share("ties", o.Ties)
	wrong.If(o.Tenant == "", "the tenant has no name")
	wrong.If(o.Identities < 1, "identities is %d, want at least 1", o.Identities)
	wrong.If(o.GroupsPerDay < 0 || o.Rate < 0, "groups per day and rate must not be negative")
	wrong.If(o.FileSize < 1<<16, "file size is %d bytes, want at least 65536", o.FileSize)
	for _, f := range o.Feeds {
		wrong.If(!slices.Contains(Feeds, f), "feed %q is unknown, want some of %s", f, strings.Join(Feeds, ", "))
	}
	wrong.If(!o.Live && !o.From.Before(o.To), "the period from %s to %s is empty and live is off: nothing to do", o.From.Format(time.RFC3339), o.To.Format(time.RFC3339))
	return wrong.Err()
}

// Inbox is the folder that gets the documents: the one to let a receiver watch.
func (o *Options) Inbox() string { return filepath.Join(o.Out, "inbox") }

// Truth is the folder that gets the ground truth.
func (o *Options) Truth() string { return filepath.Join(o.Out, "truth") }

// NewTenant makes the tenant the options describe.
func (o *Options) NewTenant() *model.Tenant {
	t := model.NewTenant(o.Tenant, o.Seed, o.Identities)
	t.Ties = o.Ties
	return t
}
