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

// Pebble keeps the state in a directory of its own. Its keys are ordered:
//
//	m                     the processor's meta value
//	g <group>             a group
//	n <source>            the name of a source
//	t <tick> <group>      a timer
//	w <source> <group>    the group waits for the name of the source
//	c <number> <source>   a correction; the value is the last group that was evaluated
//
// Groups and sources are hashes of 16 bytes, ticks and numbers 8 bytes, big endian.
type Pebble struct {
	db        *pebble.DB
	lock      *pebble.Lock
	fs        vfs.FS
	directory string
	firstTick atomic.Int64 // no timer is before this tick; spares walking deleted keys
}

const (
	metaPrefix       = 'm'
	timerPrefix      = 't'
	waitingPrefix    = 'w'
	correctionPrefix = 'c'
)

// memtable is how much is collected before it is written to a file. There are at
// most three at a time.
const memtable = 32 << 20

// Open opens the directory, which no other processor may have open. cacheBytes bounds
// the memory of the blocks read from files.
func Open(directory string, cacheBytes int64, logger *zap.Logger) (*Pebble, error) {
	return open(vfs.Default, directory, cacheBytes, memtable, logger)
}

// OpenMemory opens an empty store that keeps everything in memory.
func OpenMemory(cacheBytes int64, logger *zap.Logger) (*Pebble, error) {
	return open(vfs.NewMem(), "memory", cacheBytes, memtable, logger)
}

func open(fs vfs.FS, directory string, cacheBytes int64, memtable uint64, logger *zap.Logger) (*Pebble, error) {
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
		// The default ends the process; here the read that found the damage returns an error.
		EventListener: &pebble.EventListener{DataCorruption: func(info pebble.DataCorruptionInfo) {
			logger.Error("A file of the processor's state is damaged: restore the directory from a backup, or move it away and let the receiver read the vendor again.",
				zap.String("directory", directory), zap.String("file", info.Path), zap.Error(info.Details))
		}},
	}
	for i := range options.Levels {
		// Most groups asked for are new: the filters answer that without a read.
		options.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	db, err := pebble.Open(directory, options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("directory %s: %w", directory, err), lock.Close())
	}
	return &Pebble{db: db, lock: lock, fs: fs, directory: directory}, nil
}

// Meta implements Store.
func (p *Pebble) Meta(context.Context) (meta []byte, err error) {
	err = p.get([]byte{metaPrefix}, func(value []byte) error {
		meta = append([]byte{}, value...)
		return nil
	})
	return meta, err
}

// Load implements Store.
func (p *Pebble) Load(_ context.Context, kind Kind, keys []provisioning.ID, read func(i int, value []byte) error) error {
	for i := range keys {
		err := p.get(name(byte(kind), keys[i][:]), func(value []byte) error { return read(i, value) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Pebble) get(name []byte, read func(value []byte) error) error {
	value, closer, err := p.db.Get(name)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("directory %s: %w", p.directory, err)
	}
	return errors.Join(read(value), closer.Close())
}

// Commit implements Store.
func (p *Pebble) Commit(_ context.Context, b *Batch) error {
	if err := p.hasRoom(); err != nil {
		return err
	}
	w := writer{batch: p.db.NewBatch()}
	defer func() { _ = w.batch.Close() }() // after a commit there is nothing to fail
	if b.Meta != nil {
		w.set(b.Meta, metaPrefix)
	}
	for i := range b.Groups {
		w.group(&b.Groups[i], p.firstTick.Load())
	}
	for i := range b.Names {
		w.set(b.Names[i].Value, byte(Names), b.Names[i].Source[:])
	}
	for _, c := range b.Correct {
		w.set(nil, correctionPrefix, number(c.Number), c.Source[:])
	}
	if b.Handled != nil {
		for i := range b.Handled.Keys {
			w.delete(timerPrefix, number(uint64(b.Handled.Tick)), b.Handled.Keys[i][:])
		}
	}
	w.corrected(b.Corrected)
	if w.err != nil {
		return w.err
	}
	return w.batch.Commit(pebble.NoSync)
}

// Flush implements Store. The log is written in order: once this entry is on the
// disk, so are all before it. Flushes that meet share one write.
func (p *Pebble) Flush(context.Context) error { return p.db.LogData(nil, pebble.Sync) }

// room is what the disk must have left: the store ends the process when it cannot write
// its log, so a transaction is refused before that.
const room = 2 * memtable

func (p *Pebble) hasRoom() error {
	usage, err := p.fs.GetDiskUsage(p.directory)
	if err == nil && usage.AvailBytes < room {
		return fmt.Errorf("%w: %d MiB are left on the disk of %s, %d are needed: make room", ErrFull, usage.AvailBytes>>20, p.directory, room>>20)
	}
	return nil // a file system that does not say is taken to have room
}

// ErrFull is wrapped by the error of a Commit for which the disk has no room.
var ErrFull = errors.New("the disk is full")

// Close implements Store.
func (p *Pebble) Close(context.Context) error {
	return errors.Join(p.db.Close(), p.lock.Close())
}

// writer fills a batch; its first error stays.
type writer struct {
	batch *pebble.Batch
	err   error
}

func (w *writer) set(value []byte, prefix byte, parts ...[]byte) {
	if w.err == nil {
		w.err = w.batch.Set(name(prefix, parts...), value, nil)
	}
}

func (w *writer) delete(prefix byte, parts ...[]byte) {
	if w.err == nil {
		w.err = w.batch.Delete(name(prefix, parts...), nil)
	}
}

func (w *writer) group(c *GroupChange, firstTick int64) {
	if c.Value == nil {
		w.delete(byte(Groups), c.Key[:])
	} else {
		w.set(c.Value, byte(Groups), c.Key[:])
	}
	if c.Timer != 0 {
		w.set(nil, timerPrefix, number(uint64(max(c.Timer, firstTick))), c.Key[:])
	}
	for i := range c.Settled {
		w.delete(waitingPrefix, c.Settled[i][:], c.Key[:])
	}
	for i := range c.Waits {
		w.set(nil, waitingPrefix, c.Waits[i][:], c.Key[:])
	}
}

func (w *writer) corrected(c *Correction) {
	switch {
	case c == nil:
	case c.last:
		w.delete(correctionPrefix, number(c.Number), c.Source[:])
	default:
		w.set(c.Groups[len(c.Groups)-1][:], correctionPrefix, number(c.Number), c.Source[:])
	}
}

func name(prefix byte, parts ...[]byte) []byte {
	n := make([]byte, 1, 1+2*len(provisioning.ID{}))
	n[0] = prefix
	for _, part := range parts {
		n = append(n, part...)
	}
	return n
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// pebbleLogger passes on what somebody should see.
type pebbleLogger struct{ *zap.SugaredLogger }

// Infof implements pebble.Logger: its news are for its own developers.
func (l pebbleLogger) Infof(format string, args ...any) { l.Debugf(format, args...) }

// Fatalf implements pebble.Logger. The store calls it when it cannot write its log:
// what it was given last may or may not be on the disk, and it cannot go on.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	l.SugaredLogger.Fatalf("The processor's state cannot be written (is the disk full?); the process ends, nothing is acknowledged, and the next start goes on from what is on the disk: "+format, args...)
}
