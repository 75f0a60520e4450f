package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/provisioning"
)

// Pebble keeps the states in a directory of its own. Its keys are ordered, so an
// alarm is a key that begins with its tick:
//
//	m               the processor's meta value
//	g <key>         a group
//	a <tick> <key>  an alarm (tick: 8 bytes, big endian)
type Pebble struct {
	db   *pebble.DB
	lock *pebble.Lock
	low  atomic.Int64 // no alarm is before this tick; spares walking what was deleted
}

const (
	metaPrefix  = 'm'
	groupPrefix = 'g'
	alarmPrefix = 'a'
)

// memtable is how much is collected before it is written to a file. There are at
// most three at a time.
const memtable = 32 << 20

// OpenPebble opens the directory, which no other processor may have open.
// cacheBytes bounds the memory of the blocks read from files.
func OpenPebble(directory string, cacheBytes int64, logger *zap.Logger) (*Pebble, error) {
	return openPebble(vfs.Default, directory, cacheBytes, memtable, logger)
}

func openPebble(fs vfs.FS, directory string, cacheBytes int64, memtable uint64, logger *zap.Logger) (*Pebble, error) {
	if err := fs.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("making the state's directory: %w", err)
	}
	lock, err := pebble.LockDirectory(directory, fs)
	if err != nil {
		return nil, fmt.Errorf("directory %s cannot be locked: another processor, in this process or in another, has it open; "+
			"two cannot share a state: end the other, or give each a directory of its own: %w", directory, err)
	}
	blocks := pebble.NewCache(cacheBytes)
	defer blocks.Unref()
	options := &pebble.Options{
		FS:                          fs,
		Lock:                        lock,
		Cache:                       blocks,
		MemTableSize:                memtable,
		MemTableStopWritesThreshold: 3,
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      pebbleLogger{logger.Sugar()},
	}
	for i := range options.Levels {
		// Most groups asked for are new: the filters answer that without a read.
		options.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	db, err := pebble.Open(directory, options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("directory %s: %w", directory, err), lock.Close())
	}
	return &Pebble{db: db, lock: lock}, nil
}

// Meta implements Store.
func (p *Pebble) Meta(context.Context) ([]byte, error) { return p.get([]byte{metaPrefix}) }

// Load implements Store.
func (p *Pebble) Load(_ context.Context, keys []provisioning.ID) ([][]byte, error) {
	values := make([][]byte, len(keys))
	var name [1 + len(provisioning.ID{})]byte
	name[0] = groupPrefix
	for i := range keys {
		copy(name[1:], keys[i][:])
		var err error
		if values[i], err = p.get(name[:]); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (p *Pebble) get(name []byte) ([]byte, error) {
	value, closer, err := p.db.Get(name)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(value)), value...)
	return out, closer.Close()
}

// Commit implements Store.
func (p *Pebble) Commit(_ context.Context, b *Batch) error {
	batch := p.db.NewBatch()
	defer func() { _ = batch.Close() }() // after a commit there is nothing to fail
	var name [1 + 8 + len(provisioning.ID{})]byte
	if b.Meta != nil {
		if err := batch.Set([]byte{metaPrefix}, b.Meta, nil); err != nil {
			return err
		}
	}
	if b.Done != nil {
		for i := range b.Done.Keys {
			if err := batch.Delete(alarmName(&name, b.Done.Tick, &b.Done.Keys[i]), nil); err != nil {
				return err
			}
		}
	}
	for i := range b.Changes {
		c := &b.Changes[i]
		name[0] = groupPrefix
		copy(name[1:], c.Key[:])
		group := name[:1+len(c.Key)]
		var err error
		if c.Value == nil {
			err = batch.Delete(group, nil)
		} else {
			err = batch.Set(group, c.Value, nil)
		}
		if err == nil && c.Alarm != 0 {
			err = batch.Set(alarmName(&name, max(c.Alarm, p.low.Load()), &c.Key), nil, nil)
		}
		if err != nil {
			return err
		}
	}
	return batch.Commit(pebble.NoSync)
}

// Flush implements Store. The log is written in order: once this entry is on the
// disk, so are all before it. Flushes that meet share one write.
func (p *Pebble) Flush(context.Context) error { return p.db.LogData(nil, pebble.Sync) }

// Due implements Store.
func (p *Pebble) Due(_ context.Context, now int64) (*Rung, error) {
	var from, to [1 + 8 + len(provisioning.ID{})]byte
	it, err := p.db.NewIter(&pebble.IterOptions{
		LowerBound: alarmName(&from, p.low.Load(), &provisioning.ID{}),
		UpperBound: alarmName(&to, now+1, &provisioning.ID{}),
	})
	if err != nil {
		return nil, err
	}
	var rung *Rung
	for ok := it.First(); ok; ok = it.Next() {
		name := it.Key()
		tick := int64(binary.BigEndian.Uint64(name[1:]))
		if rung == nil {
			rung = &Rung{Tick: tick}
			p.low.Store(tick)
		}
		if tick != rung.Tick || len(rung.Keys) == rungLimit {
			break
		}
		rung.Keys = append(rung.Keys, provisioning.ID(name[9:]))
	}
	return rung, it.Close()
}

// Close implements Store.
func (p *Pebble) Close(context.Context) error {
	return errors.Join(p.db.Close(), p.lock.Close())
}

func alarmName(to *[1 + 8 + len(provisioning.ID{})]byte, tick int64, key *provisioning.ID) []byte {
	to[0] = alarmPrefix
	binary.BigEndian.PutUint64(to[1:], uint64(tick))
	copy(to[9:], key[:])
	return to[:]
}

// pebbleLogger passes on what somebody should see.
type pebbleLogger struct{ *zap.SugaredLogger }

// Infof implements pebble.Logger: its news are for its own developers.
func (l pebbleLogger) Infof(format string, args ...any) { l.Debugf(format, args...) }

// Fatalf implements pebble.Logger. The store calls it when it cannot write its log:
// what it was given last may or may not be on the disk, and it cannot go on.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	l.SugaredLogger.Fatalf("The processor's state cannot be written (is the disk full?); the process ends, nothing is acknowledged, and the next start goes on from what is on the disk: "+format, args...)
}
