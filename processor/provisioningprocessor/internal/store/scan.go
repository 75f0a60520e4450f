package store

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/provtrail/provtrail/provisioning"
)

// Due implements Store.
func (p *Pebble) Due(_ context.Context, now int64) (due *DueTimers, err error) {
	from, to := name(timerPrefix, number(uint64(p.firstTick.Load()))), name(timerPrefix, number(uint64(now+1)))
	err = p.scan(from, to, func(key, _ []byte) bool {
		tick := int64(binary.BigEndian.Uint64(key[1:]))
		if due == nil {
			due = &DueTimers{Tick: tick}
			p.firstTick.Store(tick)
		}
		if tick != due.Tick || len(due.Keys) == groupsAtOnce {
			return false
		}
		due.Keys = append(due.Keys, provisioning.ID(key[9:]))
		return true
	})
	return due, err
}

// NextCorrection implements Store.
func (p *Pebble) NextCorrection(context.Context) (c *Correction, err error) {
	var cursor []byte
	err = p.scan([]byte{correctionPrefix}, []byte{correctionPrefix + 1}, func(key, value []byte) bool {
		c = &Correction{last: true}
		c.Number, c.Source = binary.BigEndian.Uint64(key[1:]), provisioning.ID(key[9:])
		cursor = append(cursor, value...)
		return false
	})
	if err != nil || c == nil {
		return nil, err
	}
	if cursor != nil {
		cursor = append(cursor, 0) // the first key after it
	}
	// The end is the first key that is longer than any of this source.
	from, to := name(waitingPrefix, c.Source[:], cursor), append(name(waitingPrefix, c.Source[:], maxID[:]), 0)
	err = p.scan(from, to, func(key, _ []byte) bool {
		if len(c.Groups) == groupsAtOnce {
			c.last = false
			return false
		}
		c.Groups = append(c.Groups, provisioning.ID(key[1+len(c.Source):]))
		return true
	})
	return c, err
}

var maxID = func() (id provisioning.ID) {
	for i := range id {
		id[i] = 0xff
	}
	return id
}()

// scan calls visit with the keys from one up to another until visit returns false.
func (p *Pebble) scan(from, to []byte, visit func(key, value []byte) bool) error {
	it, err := p.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return err
	}
	for ok := it.First(); ok && visit(it.Key(), it.Value()); ok = it.Next() {
	}
	return errors.Join(it.Error(), it.Close())
}
