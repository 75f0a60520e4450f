package blobstore

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/provtrail/provtrail/archive/internal/layout"
)

// lease is the content of the lock object of a bucket and says who writes. A lease
// expires, because a process that ended cannot be distinguished from one that is unreachable.
type lease struct {
	Owner   string    `json:"owner"` // empty: nobody
	Host    string    `json:"host"`
	Renewed time.Time `json:"renewed"`
}

// LeaseTime after its last renewal a lease may be taken over.
const LeaseTime = 2 * time.Minute

// ErrLeaseLost is returned by every change after another process took the lease.
var ErrLeaseLost = errors.New("another process has taken over the writing of this archive")

// Acquire excludes a second process of this machine by the lock of the spool directory
// and one of another machine by the lease. A process with the spool directory of the
// last owner is its successor and does not wait.
func (b *bucket) Acquire(ctx context.Context, now func() time.Time) (lastAlive time.Time, err error) {
	b.now = now
	if b.spool == nil {
		return lastAlive, errors.New("writing an archive in object storage needs a spool directory on this machine")
	}
	if _, err := b.spool.Acquire(ctx, now); err != nil {
		return lastAlive, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.spool.Abandon())
		}
	}()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.owner, err = b.ownerName(ctx); err != nil {
		return lastAlive, err
	}
	l, err := b.readLease(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return lastAlive, b.createLease(ctx)
	}
	if err != nil {
		return lastAlive, err
	}
	switch free := now().Sub(l.Renewed) > LeaseTime; {
	case l.Owner == b.owner, l.Owner == "":
		return l.Renewed, b.writeLease(ctx, b.owner)
	case free:
		if err := IgnoreMissing(wrapped(b.blob.Delete(ctx, layout.LockName))); err != nil {
			return lastAlive, err
		}
		return l.Renewed, b.createLease(ctx)
	default:
		return lastAlive, fmt.Errorf("another process writes this archive (%s on %s, last alive at %s): give each writer an archive of its own, or wait until %s after its end",
			layout.LockName, l.Host, l.Renewed.Format(time.RFC3339), LeaseTime)
	}
}

// ownerName is the same for every process that has the spool directory.
func (b *bucket) ownerName(ctx context.Context) (string, error) {
	const file = "owner"
	text, err := b.spool.Read(ctx, file)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(rand.Text())
		err = b.spool.Create(ctx, file, text)
	}
	return string(text), err
}

func (b *bucket) readLease(ctx context.Context) (l lease, err error) {
	text, err := b.Read(ctx, layout.LockName)
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(text, &l); err != nil {
		return l, fmt.Errorf("%s: %w", layout.LockName, err)
	}
	return l, nil
}

// leaseText is the lease as of now.
func (b *bucket) leaseText(owner string) ([]byte, time.Time, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "an unnamed host"
	}
	now := b.now().UTC()
	text, err := json.Marshal(lease{owner, host, now})
	return text, now, err
}

// createLease writes the lease where there is none.
func (b *bucket) createLease(ctx context.Context) error {
	text, now, err := b.leaseText(b.owner)
	if err != nil {
		return err
	}
	if err := b.createOnce(ctx, layout.LockName, text); err != nil {
		return fmt.Errorf("take the lease %s: %w", layout.LockName, err)
	}
	b.renewed = now
	return nil
}

func (b *bucket) writeLease(ctx context.Context, owner string) error {
	text, now, err := b.leaseText(owner)
	if err != nil {
		return err
	}
	if _, err := b.upload(ctx, layout.LockName, false, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}); err != nil {
		return fmt.Errorf("renew the lease %s: %w", layout.LockName, err)
	}
	b.renewed = now
	return nil
}

func (b *bucket) Heartbeat(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.renew(ctx)
}

func (b *bucket) renew(ctx context.Context) error {
	l, err := b.readLease(ctx)
	if err != nil {
		return err
	}
	if l.Owner != b.owner {
		return fmt.Errorf("%w (%s on %s): restart this process, which then waits for the lease", ErrLeaseLost, layout.LockName, l.Host)
	}
	return b.writeLease(ctx, b.owner)
}

// checkLease is called before every change and fails where the lease was lost.
func (b *bucket) checkLease(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now().Sub(b.renewed) < LeaseTime/2 {
		return nil
	}
	return b.renew(ctx)
}

// Release leaves a lease without an owner, whose time still says since when nobody
// writes.
func (b *bucket) Release(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var err error
	if l, leaseErr := b.readLease(ctx); leaseErr == nil && l.Owner == b.owner {
		err = b.writeLease(ctx, "")
	}
	return errors.Join(err, b.spool.Abandon())
}

// Abandon gives up the lock of the spool directory alone.
func (b *bucket) Abandon() error { return b.spool.Abandon() }
