package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"time"

	"github.com/provtrail/provtrail/provisioning"
)

// Options of an archive that is written.
type Options struct {
	// Now is the clock; nil is the system's.
	Now func() time.Time
}

// Archive is an archive open for writing. Its methods may be called at the same
// time.
type Archive struct {
	disk    *disk
	now     func() time.Time
	release func() error

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
	a := &Archive{disk: newDisk(root), now: opt.Now}
	if a.now == nil {
		a.now = time.Now
	}
	if err := a.open(); err != nil {
		return nil, fmt.Errorf("open archive %s: %w", dir, err)
	}
	return a, nil
}

func (a *Archive) open() (err error) {
	if err := a.disk.mkdir(a.disk.path(tempDir)); err != nil {
		return err
	}
	if a.release, err = lock(a.disk.path(lockName)); err != nil {
		return err
	}
	if a.Cleaned, err = a.disk.clean(); err != nil {
		return errors.Join(err, a.release())
	}
	return nil
}

// Close lets go of the archive.
func (a *Archive) Close() error { return a.release() }

// Written is what a call of Write stored.
type Written struct {
	Files int
	Rows  int   // without the repetitions within each file
	Bytes int64 // of the files
}

// Write stores a batch. When it returns nil every record is on the disk to stay.
// After an error some may be; writing the same batch again completes it without
// doubling what is there.
func (a *Archive) Write(ctx context.Context, b Batch) (w Written, err error) {
	err = writeTable(ctx, a, &w, activities, b.Records, func(r *provisioning.Record) string { return tenantDir(r.Tenant) })
	if err == nil {
		err = writeTable(ctx, a, &w, quarantine, b.Quarantined, func(*provisioning.Quarantined) string { return quarantineDir })
	}
	return w, err
}

func writeTable[T any](ctx context.Context, a *Archive, w *Written, t *table[T], rows []*T, dir func(*T) string) error {
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
// the current one where h makes no sense because no clock was set or it ran ahead.
func (a *Archive) place(h Hour) Hour {
	current := HourOf(a.now())
	if h <= 0 || h > current {
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
