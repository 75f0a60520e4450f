package provisioningconnector

import (
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

type groupKey = pcommon.TraceID

// book holds the groups heard of last.
type book struct {
	groups  *simplelru.LRU[groupKey, *held]
	evicted int        // unfinished ones, since forgotten was called
	gone    []groupKey // let go since they were deleted from the shelf
	shelved bool       // there is a shelf
}

func newBook(size int) (*book, error) {
	b := &book{}
	var err error
	b.groups, err = simplelru.NewLRU(size, func(key groupKey, h *held) {
		if b.shelved {
			b.gone = append(b.gone, key)
		}
		if !h.finished {
			b.evicted++
		}
	})
	return b, err
}

func (b *book) group(key groupKey) *held {
	if h, ok := b.groups.Get(key); ok {
		return h
	}
	h := &held{activities: map[provisioning.ID]*activity{}}
	b.groups.Add(key, h)
	return h
}

// forgotten returns how many unfinished groups had to go since it was called last.
func (b *book) forgotten() (n int) {
	n, b.evicted = b.evicted, 0
	return n
}

// held is what is known of a group. A finished one stays as long as there is room,
// for it may be heard of again.
type held struct {
	summary    record.Group
	activities map[provisioning.ID]*activity
	finished   bool
	sent       uint64 // version of the summary of the trace sent last
}

// activity is what is known of an activity.
type activity struct {
	newest  record.Record
	retries map[provisioning.ID]retry // by event id
}

// retry is a step into Retrying.
type retry struct {
	at pcommon.Timestamp
	// because is the error of the attempt before.
	because string
}

// hear takes a record of the processor in. Records may come twice and in any order.
func (h *held) hear(r *record.Record) {
	a, ok := h.activities[r.ActivityID]
	if !ok {
		a = &activity{}
		h.activities[r.ActivityID] = a
	}
	if r.RecordType == record.TypeObservation && r.Status == provisioning.StatusRetrying && r.PreviousStatus != provisioning.StatusRetrying {
		if a.retries == nil {
			a.retries = map[provisioning.ID]retry{}
		}
		a.retries[r.EventID] = retry{at: r.At(), because: r.ErrorMessage}
	}
	if r.Current && r.Version >= a.newest.Version {
		a.newest = *r
		a.newest.Original = ""
	}
}

// standing are the activities whose state is known and that no finer one took in.
func (h *held) standing() []*activity {
	out := make([]*activity, 0, len(h.activities))
	for _, a := range h.activities {
		if a.newest.Version > 0 && a.newest.FoldedInto.IsZero() {
			out = append(out, a)
		}
	}
	return out
}
