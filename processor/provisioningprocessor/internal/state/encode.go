package state

import (
	"encoding/binary"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/envelope"
	"github.com/provtrail/provtrail/provisioning"
)

// A stored group is an envelope around
//
//	revisions · checked · touched · timer · emitted epoch · version · from history
//	number of texts · texts (length x 2 + packed, bytes)
//	number of names · source ids and names, by the numbers of their texts
//	number of observations · tenant · group id · observations
//
// and an observation is what differs from the one before it:
//
//	event id (16 bytes) · flags (1 byte) · mask of texts that differ · their numbers
//	requested, occurred, observed and remove at (signed differences in nanoseconds)
//
// Numbers are varints. A text of lower-case hex digits is packed, two to a byte.
const version = 1

const (
	statusMask       = 0x07
	accountLevelFlag = 0x08
)

// minPacked is the shortest text worth packing.
const minPacked = 8

// encoders are kept for their buffers.
var encoders = sync.Pool{New: func() any { return &encoder{} }}

// Encode returns the group's bytes, in a slice without room to spare: it may be
// kept for long.
func (g *Group) Encode() []byte {
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	e.reset()
	e.value = e.append(envelope.Reserve(e.value), g)
	envelope.Close(e.value, version)
	return append(make([]byte, 0, len(e.value)), e.value...)
}

func (e *encoder) append(b []byte, g *Group) []byte {
	b = binary.AppendUvarint(b, uint64(g.Revisions))
	b = binary.AppendUvarint(b, uint64(g.Checked))
	b = binary.AppendUvarint(b, uint64(g.Touched))
	b = binary.AppendVarint(b, g.Timer)
	b = binary.AppendUvarint(b, uint64(g.EmittedEpoch))
	b = binary.AppendUvarint(b, g.Version)
	b = binary.AppendUvarint(b, uint64(g.FromHistory))

	e.body = binary.AppendUvarint(e.body, uint64(len(g.Names)))
	for _, n := range g.Names {
		e.body = binary.AppendUvarint(e.body, e.number(n.ID))
		e.body = binary.AppendUvarint(e.body, e.number(n.Name))
	}
	e.body = binary.AppendUvarint(e.body, uint64(len(g.Observations)))
	for i := range g.Observations {
		e.add(&g.Observations[i])
	}
	b = binary.AppendUvarint(b, uint64(len(e.own)))
	for _, text := range e.own {
		b = appendText(b, text)
	}
	return append(b, e.body...)
}

// encoder collects the texts and writes the observations that name them.
type encoder struct {
	own     []string
	numbers map[string]uint64 // of own, where there are too many to walk
	body    []byte
	value   []byte

	texts                                          [textCount]string // of the observation before
	requested, occurred, observed, remove, created pcommon.Timestamp
	begun                                          bool
}

func (e *encoder) reset() {
	clear(e.own) // the texts are not ours to keep
	*e = encoder{own: e.own[:0], body: e.body[:0], value: e.value[:0]}
}

func (e *encoder) add(o *provisioning.Observation) {
	if !e.begun {
		e.begun = true
		e.body = binary.AppendUvarint(e.body, e.number(o.Tenant))
		e.body = binary.AppendUvarint(e.body, e.number(o.GroupID))
	}
	e.body = append(e.body, o.EventID[:]...)
	flags := byte(o.ReportedStatus) & statusMask
	if o.AccountLevel {
		flags |= accountLevelFlag
	}
	e.body = append(e.body, flags)

	now := texts(o)
	var mask uint64
	for i := range now {
		if now[i] != e.texts[i] {
			mask |= 1 << i
		}
	}
	e.body = binary.AppendUvarint(e.body, mask)
	for i := range now {
		if mask&(1<<i) != 0 {
			e.body = binary.AppendUvarint(e.body, e.number(now[i]))
		}
	}
	e.texts = now

	e.body = appendDifference(e.body, &e.requested, o.RequestedAt)
	e.body = appendDifference(e.body, &e.occurred, o.OccurredAt)
	e.body = appendDifference(e.body, &e.observed, o.ObservedAt)
	e.body = appendDifference(e.body, &e.remove, o.RemoveAt)
	e.body = appendDifference(e.body, &e.created, o.VendorCreatedAt)
}

// appendDifference wraps around where the times are further apart than a signed
// number holds; the reader wraps back.
func appendDifference(b []byte, before *pcommon.Timestamp, now pcommon.Timestamp) []byte {
	b = binary.AppendVarint(b, int64(now-*before))
	*before = now
	return b
}

// maxWalked is how many own texts are searched one by one before a map is made.
const maxWalked = 24

// number returns a text's number and gives it one at first sight.
func (e *encoder) number(text string) uint64 {
	if n, ok := wordNumbers[text]; ok {
		return n
	}
	if e.numbers != nil {
		if n, ok := e.numbers[text]; ok {
			return n
		}
	} else {
		for i, own := range e.own {
			if own == text {
				return firstOwn + uint64(i)
			}
		}
	}
	n := firstOwn + uint64(len(e.own))
	e.own = append(e.own, text)
	switch {
	case e.numbers != nil:
		e.numbers[text] = n
	case len(e.own) > maxWalked:
		e.numbers = make(map[string]uint64, 2*maxWalked)
		for i, own := range e.own {
			e.numbers[own] = firstOwn + uint64(i)
		}
	}
	return n
}

func appendText(b []byte, text string) []byte {
	if !packable(text) {
		b = binary.AppendUvarint(b, uint64(len(text))<<1)
		return append(b, text...)
	}
	b = binary.AppendUvarint(b, uint64(len(text)/2)<<1|1)
	for i := 0; i < len(text); i += 2 {
		b = append(b, nibble(text[i])<<4|nibble(text[i+1]))
	}
	return b
}

func packable(text string) bool {
	if len(text) < minPacked || len(text)%2 != 0 {
		return false
	}
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func nibble(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c - 'a' + 10
}
