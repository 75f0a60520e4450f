package provisioningprocessor

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/envelope"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/change"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
	"github.com/provtrail/provtrail/provisioning"
)

// Some documents give a source's id without its name. The name is learned from any other
// document of the tenant that has both, and stored. A group that was emitted before the
// name was known is corrected, see corrections.go.

// sourceKey identifies a source.
type sourceKey struct{ tenant, id string }

func (k sourceKey) hash() provisioning.ID { return provisioning.HashID("source", k.tenant, k.id) }

// sourceName is what documents say of a source.
type sourceName struct {
	name string            // empty: none is known
	at   pcommon.Timestamp // the vendor's time of the document that named it, 0 where it has none
	// verified is when a change on the source was first seen to be verified, 0 for never: a
	// source that is not aggregated leaves everything Committed, which is then not overdue.
	verified pcommon.Timestamp
}

// with is what two documents say of a source together.
func (n sourceName) with(other sourceName) sourceName {
	if other.newer(n) {
		n.name, n.at = other.name, other.at
	}
	if n.verified == 0 || other.verified != 0 && other.verified < n.verified {
		n.verified = other.verified
	}
	return n
}

// newer reports whether n is the name to keep of two: the one of the newest document, and
// among documents of one time the smaller text, so that the choice does not depend on the
// order of arrival.
func (n sourceName) newer(than sourceName) bool {
	if n.name == "" || than.name == "" {
		return n.name != ""
	}
	return cmp.Or(cmp.Compare(n.at, than.at), cmp.Compare(than.name, n.name)) > 0
}

const nameVersion = 1

func (n sourceName) encode() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(n.at))
	b = binary.BigEndian.AppendUint64(b, uint64(n.verified))
	return envelope.Seal(nameVersion, append(b, n.name...))
}

func decodeName(value []byte) (sourceName, error) {
	payload, err := envelope.Open(nameVersion, value)
	if err != nil {
		return sourceName{}, err
	}
	if len(payload) < 16 {
		return sourceName{}, fmt.Errorf("%w: a name of %d bytes", envelope.ErrCut, len(payload))
	}
	return sourceName{
		name: string(payload[16:]), at: pcommon.Timestamp(binary.BigEndian.Uint64(payload)),
		verified: pcommon.Timestamp(binary.BigEndian.Uint64(payload[8:])),
	}, nil
}

// nameCache has the names used last, those that are not known among them.
type nameCache struct {
	store store.Store

	mu     sync.Mutex // guards recent
	recent *simplelru.LRU[sourceKey, sourceName]
}

// cachedNames bounds the memory of the names.
const cachedNames = 10_000

func newNameCache(from store.Store) *nameCache {
	recent, _ := simplelru.NewLRU[sourceKey, sourceName](cachedNames, nil) // fails for a size of 0 only
	return &nameCache{store: from, recent: recent}
}

// get returns the committed name of a source.
func (c *nameCache) get(ctx context.Context, key sourceKey) (sourceName, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.recent.Get(key); ok {
		return known, nil
	}
	var name sourceName
	err := c.store.Load(ctx, store.Names, []provisioning.ID{key.hash()}, func(_ int, value []byte) (err error) {
		name, err = decodeName(value)
		return err
	})
	if err != nil {
		return sourceName{}, fmt.Errorf("reading the name of source %s of tenant %s failed, nothing was acknowledged: %w", key.id, key.tenant, err)
	}
	c.recent.Add(key, name)
	return name, nil
}

// put replaces names once they are committed; forget has all read again.
func (c *nameCache) put(names map[sourceKey]sourceName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, name := range names {
		c.recent.Add(key, name)
	}
}

func (c *nameCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recent.Purge()
}

// nameLookup is what one transaction knows: the committed names and those it learns.
type nameLookup struct {
	ctx       context.Context // lives as long as one call
	names     *nameCache
	committed map[sourceKey]sourceName
	learned   map[sourceKey]sourceName // newer than the committed ones
	err       error                    // the first
}

func (c *correlator) lookup(ctx context.Context) *nameLookup {
	return &nameLookup{ctx: ctx, names: c.names, committed: map[sourceKey]sourceName{}, learned: map[sourceKey]sourceName{}}
}

func (l *nameLookup) get(key sourceKey) sourceName {
	if name, ok := l.learned[key]; ok {
		return name
	}
	name, ok := l.committed[key]
	if !ok {
		var err error
		if name, err = l.names.get(l.ctx, key); err != nil {
			l.err = cmp.Or[error](l.err, err)
		}
		l.committed[key] = name
	}
	return name
}

// learn takes from an observation the name of its source and that changes on it are verified.
func (l *nameLookup) learn(o *provisioning.Observation) {
	key := sourceKey{o.Tenant, provisioning.SourceKey(o.SourceID, o.SourceName)}
	if key.id == "" {
		return
	}
	var says sourceName
	if o.SourceName != "" && provisioning.IsSourceID(o.SourceID) && !provisioning.IsSourceID(o.SourceName) {
		says.name, says.at = o.SourceName, o.OccurredAt
	}
	// A trigger's and an event's success is that of the change, not of its verification.
	if o.ReportedStatus == provisioning.StatusSuccess && (o.Dialect == provisioning.DialectREST || o.Dialect == provisioning.DialectSearch) {
		says.verified = o.ObservedAt
	}
	if says == (sourceName{}) {
		return
	}
	known := l.get(key)
	if merged := known.with(says); merged != known {
		l.learned[key] = merged
	}
}

// thresholds are the limits with what is known of a tenant's sources.
func (l *nameLookup) thresholds(of change.Thresholds, tenant string) *change.Thresholds {
	of.Verified = func(source string) pcommon.Timestamp { return l.get(sourceKey{tenant, source}).verified }
	return &of
}

// of returns the names of a tenant's sources.
func (l *nameLookup) of(tenant string) func(id string) string {
	return func(id string) string { return l.get(sourceKey{tenant, id}).name }
}

func (l *nameLookup) failed() error { return l.err }
