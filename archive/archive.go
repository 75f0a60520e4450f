package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"

	"github.com/provtrail/provtrail/provisioning"
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
	// Now is the clock; nil is the system's.
	Now func() time.Time

	// noSync is for tests of all but durability: they write thousands of files.
	noSync bool
}

// Archive is an archive open for writing. Its methods may be called at the same
// time.
type Archive struct {
	disk    *disk
	opt     Options
	keys    Keys
	now     func() time.Time
	opened  time.Time
	release func() error

	writing sync.RWMutex // held for reading while files are written
	// floor is the newest hour that takes no more files.
	floor Hour

	sealing sync.Mutex // guards everything declared below
	chain   chain

	// Cleaned is how many left-over temporary files of a crash Open removed.
	Cleaned int
}

// Batch is what Write stores at once.
type Batch struct {
	Records     []*provisioning.Record
	Quarantined []*provisioning.Quarantined
}

const lockName = "_lock"

// Open opens the archive in a folder, which it makes if need be. One process at a
// time may have it open.
func Open(dir string, opt Options) (*Archive, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open archive %s: %w", dir, err)
	}
	a := &Archive{disk: newDisk(root), opt: opt, keys: opt.Keys, now: opt.Now}
	if a.now == nil {
		a.now = time.Now
	}
	if opt.noSync {
		a.disk.sync = func(*os.File) error { return nil }
	}
	a.opened = a.now()
	if err := a.open(); err != nil {
		return nil, fmt.Errorf("open archive %s: %w", dir, err)
	}
	return a, nil
}

func (a *Archive) open() (err error) {
	if err := a.disk.mkdir(a.disk.path(tempDir)); err != nil {
		return err
	}
	since, err := a.lastAlive()
	if err != nil {
		return err
	}
	if a.release, err = lock(a.disk.path(lockName)); err != nil {
		return err
	}
	err = func() error {
		if a.Cleaned, err = a.disk.clean(); err != nil {
			return err
		}
		if err := a.openChain(); err != nil {
			return err
		}
		a.floor = a.chain.last
		return a.noteGap(since)
	}()
	if err != nil {
		return errors.Join(err, a.release())
	}
	return nil
}

// Close lets go of the archive.
func (a *Archive) Close() error { return errors.Join(a.Alive(), a.release()) }

// Written is what a call of Write stored.
type Written struct {
	Files int
	Rows  int   // without repetitions
	Late  int   // of those: stored under the current hour because theirs is sealed
	Bytes int64 // of the files
}

// Write stores a batch. When it returns nil every record is on the disk to stay.
// After an error some may be; writing the same batch again completes it without
// doubling what is there.
func (a *Archive) Write(ctx context.Context, b Batch) (w Written, err error) {
	a.writing.RLock()
	defer a.writing.RUnlock()
	err = writeTable(ctx, a, &w, activities, b.Records, func(r *provisioning.Record) string { return tenantDir(r.Tenant) })
	if err == nil {
		err = writeTable(ctx, a, &w, quarantine, b.Quarantined, func(*provisioning.Quarantined) string { return quarantineDir })
	}
	return w, err
}

func writeTable[T any](ctx context.Context, a *Archive, w *Written, t *table[T], rows []*T, dir func(*T) string) error {
	rows, late, err := dropSealed(a, t, rows, dir)
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
		name := path.Join(p.path(), t.fileName(rows))
		size, err := a.disk.put(name, func(to io.Writer) error { return writeFile(t, to, rows) })
		if err != nil {
			return fmt.Errorf("archive %s: write %s (%d records): %w", a.disk.root, name, len(rows), err)
		}
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

// fileName is the same for the same event ids.
func (t *table[T]) fileName(rows []*T) string {
	h := sha256.New()
	for _, row := range rows {
		id := t.id(row)
		h.Write(id[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16]) + extension
}
