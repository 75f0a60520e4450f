package provisioningprocessor

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"

	"github.com/provtrail/provtrail/internal/envelope"
	"github.com/provtrail/provtrail/provisioning"
)

// counts are how many activities of a source are in a state now.
type counts struct{ open, stalled, overdue int64 }

// totals are the counts of all sources.
type totals map[string]counts

// add counts activities in (sign 1) or out (sign -1).
func (t totals) add(activities []provisioning.Activity, flagged func(*provisioning.Activity) bool, sign int64) {
	for i := range activities {
		a := &activities[i]
		open, flag := a.Status.Open(), flagged(a)
		if !open && !flag {
			continue
		}
		source := sourceOf(a)
		c := t[source]
		if open {
			c.open += sign
		}
		switch {
		case flag && open:
			c.stalled += sign
		case flag:
			c.overdue += sign
		}
		t[source] = c
	}
}

// plus returns the sum and leaves t as it is, for readers of t need no lock.
func (t totals) plus(difference totals) totals {
	if len(difference) == 0 {
		return t
	}
	sum := maps.Clone(t)
	for source, d := range difference {
		c := sum[source]
		c.open, c.stalled, c.overdue = c.open+d.open, c.stalled+d.stalled, c.overdue+d.overdue
		if c == (counts{}) {
			delete(sum, source)
		} else {
			sum[source] = c
		}
	}
	return sum
}

func sourceOf(a *provisioning.Activity) string {
	return cmp.Or(a.SourceName, a.SourceID)
}

// meta is what is stored once beside the groups.
type meta struct {
	// epoch is the one in use, or where the process did not end in order an upper bound
	// of those it used.
	epoch            uint32
	lastInterruption uint64 // when the epoch last grew for that, nanoseconds since 1970
	alive            uint64 // the believed time when this was stored, nanoseconds since 1970
	born             uint64 // when the state began, nanoseconds since 1970
	lost             bool   // groups of before may be stored that the state does not have
	clean            bool   // the last process ended in order
	totals           totals
}

const metaVersion = 3

func (m *meta) encode() []byte {
	b := []byte{0}
	if m.clean {
		b[0] |= 1
	}
	if m.lost {
		b[0] |= 2
	}
	b = binary.AppendUvarint(b, uint64(m.epoch))
	b = binary.AppendUvarint(b, m.lastInterruption)
	b = binary.AppendUvarint(b, m.alive)
	b = binary.AppendUvarint(b, m.born)
	b = binary.AppendUvarint(b, uint64(len(m.totals)))
	for source, c := range m.totals {
		b = binary.AppendUvarint(b, uint64(len(source)))
		b = append(b, source...)
		b = binary.AppendVarint(b, c.open)
		b = binary.AppendVarint(b, c.stalled)
		b = binary.AppendVarint(b, c.overdue)
	}
	return envelope.Seal(metaVersion, b)
}

var errMeta = errors.New("the state's own record cannot be read")

func decodeMeta(value []byte) (meta, error) {
	m := meta{totals: totals{}}
	b, err := envelope.Open(metaVersion, value)
	if err != nil {
		return m, fmt.Errorf("%w: %w", errMeta, err)
	}
	if len(b) == 0 {
		return m, errMeta
	}
	m.clean, m.lost, b = b[0]&1 != 0, b[0]&2 != 0, b[1:]
	ok := true
	number := func() uint64 {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			ok = false
			return 0
		}
		b = b[size:]
		return n
	}
	signed := func() int64 {
		n := number()
		return int64(n>>1) ^ -int64(n&1)
	}
	m.epoch = uint32(number())
	m.lastInterruption = number()
	m.alive = number()
	m.born = number()
	for n := number(); ok && n > 0; n-- {
		size := number()
		if size > uint64(len(b)) {
			return m, errMeta
		}
		source := string(b[:size])
		b = b[size:]
		m.totals[source] = counts{open: signed(), stalled: signed(), overdue: signed()}
	}
	if !ok || len(b) > 0 {
		return m, errMeta
	}
	return m, nil
}
