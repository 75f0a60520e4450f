package archive

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"sync"
	"time"

	"github.com/provtrail/provtrail/provisioning/record"
)

// Options of an archive that is written.
type Options struct {
	// Keys sign the seals; without keys hours are not sealed and nothing expires.
	Keys Keys
	// Grace is how long after its end an hour is sealed, and how long after Open
	// at the earliest, so that what waits in a queue finds its hour open.
	Grace time.Duration
	// Retention is how long after its end an hour's files are kept; zero is for
	// ever. Seals are always kept.
	Retention time.Duration
	// Holds are not removed, however old.
	Holds []Hold
	// Spool is the folder on this machine in which files for object storage are
	// prepared. It also holds the writer's name, by which a restart knows its own
	// lease. An archive in a folder needs none.
	Spool string
	// Now is the clock; nil is the system's.
	Now func() time.Time

	// noSync is for tests of all but durability: they write thousands of files.
	noSync bool
}

// Archive is an archive open for writing. Its methods may be called at the same
// time.
type Archive struct {
	store  store
	opt    Options
	keys   Keys
	now    func() time.Time
	opened time.Time

	writing sync.RWMutex // held for reading while files are written
	// floor is the newest hour that takes no more files.
	floor    Hour
	holdings holdings

	sealing sync.Mutex // guards everything declared below
	chain   chain

	// Cleaned is how many left-over temporary files of a crash Open removed.
	Cleaned int
}

// Batch is what Write stores at once.
type Batch struct {
	Records     []*record.Record
	Quarantined []*record.Quarantined
}

const lockName = "_lock"

// Open opens the archive in a folder, which it makes if need be, or in a bucket,
// whose URL may go on with a folder in it: s3://bucket/folder?region=eu-west-1. One
// process at a time may have it open. The drivers of object storage are those of
// gocloud.dev/blob that the program imports; package drivers has them all.
func Open(ctx context.Context, location string, opt Options) (*Archive, error) {
	a := &Archive{opt: opt, keys: opt.Keys, now: opt.Now}
	if a.now == nil {
		a.now = time.Now
	}
	a.opened = a.now()
	var err error
	if a.store, err = openStore(ctx, location, opt.Spool); err == nil {
		if d, ok := a.store.(*disk); ok && opt.noSync {
			d.sync = func(*os.File) error { return nil }
		}
		if err = a.open(ctx); err != nil {
			err = errors.Join(err, a.store.close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open archive %s: %w", location, err)
	}
	return a, nil
}

func (a *Archive) open(ctx context.Context) (err error) {
	since, err := a.store.acquire(ctx, a.now)
	if err != nil {
		return err
	}
	err = func() error {
		if a.Cleaned, err = a.store.clean(); err != nil {
			return err
		}
		if err := a.openChain(ctx); err != nil {
			return err
		}
		a.floor = a.chain.last
		return a.noteGap(ctx, since)
	}()
	if err != nil {
		return errors.Join(err, a.store.release(ctx))
	}
	return nil
}

// closeTime is how long Close waits for object storage.
const closeTime = 10 * time.Second

// Close lets go of the archive.
func (a *Archive) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	return errors.Join(a.Alive(ctx), a.store.release(ctx), a.store.close())
}

// Written is what a call of Write stored.
type Written struct {
	Files int
	Rows  int   // without repetitions
	Late  int   // of those: stored under the current hour because theirs is sealed
	Bytes int64 // of the files
}

// Write stores a batch. When it returns nil every record is stored to stay.
// After an error some may be; writing the same batch again completes it without
// doubling what is there.
func (a *Archive) Write(ctx context.Context, b Batch) (w Written, err error) {
	a.writing.RLock()
	defer a.writing.RUnlock()
	err = writeTable(ctx, a, &w, activities, b.Records, func(r *record.Record) string { return tenantDir(r.Tenant) })
	if err == nil {
		err = writeTable(ctx, a, &w, quarantine, b.Quarantined, func(*record.Quarantined) string { return quarantineDir })
	}
	return w, err
}

func writeTable[T any](ctx context.Context, a *Archive, w *Written, t *table[T], rows []*T, dir func(*T) string) error {
	rows, late, err := dropSealed(ctx, a, t, rows, dir)
	if err != nil {
		return err
	}
	w.Late += late
	parts := map[partition][]*T{}
	for _, row := range rows {
		p := partition{dir: dir(row), hour: a.place(hourOf(t.observed(row)))}
		parts[p] = append(parts[p], row)
	}
	for p, rows := range parts {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows = t.arrange(rows)
		file := t.fileName(rows)
		name := path.Join(p.path(), file)
		size, err := a.store.put(ctx, name, func(to io.Writer) error { return writeFile(t, to, rows) })
		if err != nil {
			return fmt.Errorf("archive %s: write %s (%d records): %w", a.store, name, len(rows), err)
		}
		holds := make(holding, len(rows))
		for i, row := range rows {
			holds[i] = short(t.id(row))
		}
		a.holdings.note(p, file, holds)
		w.Files++
		w.Rows += len(rows)
		w.Bytes += size
	}
	return nil
}

// place is the hour under which a record observed in h is stored: that hour, or
// the current one where it is sealed or makes no sense (no clock was set, or it ran
// ahead).
func (a *Archive) place(h Hour) Hour {
	current := max(HourOf(a.now()), a.floor+1)
	if h <= a.floor || h > current {
		return current
	}
	return h
}

// fileName is the same for the same events, told the same.
func (t *table[T]) fileName(rows []*T) string {
	h := sha256.New()
	for _, row := range rows {
		_ = t.writeName(h, row)
	}
	return hex.EncodeToString(h.Sum(nil)[:16]) + extension
}

// writeName writes what a row gives to its file's name.
func (t *table[T]) writeName(to io.Writer, row *T) error {
	id := t.id(row)
	_, err := to.Write(binary.BigEndian.AppendUint64(id[:], t.version(row)))
	return err
}
