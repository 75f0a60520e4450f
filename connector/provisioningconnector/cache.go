package provisioningconnector

import (
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

type groupKey = pcommon.TraceID

// groupCache holds the groups that records arrived for last.
type groupCache struct {
	groups      *simplelru.LRU[groupKey, *group]
	evicted     int        // unfinished ones, since takeEvicted was called last
	evictedKeys []groupKey // of groups that the store still has
	stored      bool       // there is a store
}

func newGroupCache(size int) (*groupCache, error) {
	b := &groupCache{}
	var err error
	b.groups, err = simplelru.NewLRU(size, func(key groupKey, h *group) {
		if b.stored {
			b.evictedKeys = append(b.evictedKeys, key)
		}
		if !h.finished {
			b.evicted++
		}
	})
	return b, err
}

func (b *groupCache) group(key groupKey) *group {
	if h, ok := b.groups.Get(key); ok {
		return h
	}
	h := &group{activities: map[provisioning.ID]*activity{}}
	b.groups.Add(key, h)
	return h
}

// takeEvicted returns how many unfinished groups were evicted since it was called last.
func (b *groupCache) takeEvicted() (n int) {
	n, b.evicted = b.evicted, 0
	return n
}

// group is what is known of a group. A finished group stays as long as there is room,
// because it may reopen.
type group struct {
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

// observe adds a record of the processor. Records may come twice and in any order.
func (h *group) observe(r *record.Record) {
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
func (h *group) standing() []*activity {
	out := make([]*activity, 0, len(h.activities))
	for _, a := range h.activities {
		if a.newest.Version > 0 && a.newest.FoldedInto.IsZero() {
			out = append(out, a)
		}
	}
	return out
}
