package archive

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
)

// lease says who writes into a bucket. It is the object of the lock's name. It runs
// out: nobody can tell a process that died from one that cannot be reached.
type lease struct {
	Owner   string    `json:"owner"` // empty: nobody
	Host    string    `json:"host"`
	Renewed time.Time `json:"renewed"`
}

// leaseTime after its last renewal a lease may be taken over.
const leaseTime = leastGap

// errLost is what a writer hears that went on after another took over.
var errLost = errors.New("another process has taken over the writing of this archive")

// acquire keeps a second process of this machine out by the spool folder, and one
// of another machine by the lease. Whoever has the spool folder of the last owner
// is its successor and need not wait.
func (b *bucket) acquire(ctx context.Context, now func() time.Time) (since time.Time, err error) {
	b.now = now
	if b.spool == nil {
		return since, errors.New("a spool folder on this machine must be named to write an archive in object storage")
	}
	if _, err := b.spool.acquire(ctx, now); err != nil {
		return since, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.spool.release(ctx))
		}
	}()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.owner, err = b.name(ctx); err != nil {
		return since, err
	}
	l, err := b.lease(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return since, b.take(ctx)
	}
	if err != nil {
		return since, err
	}
	switch free := now().Sub(l.Renewed) > leaseTime; {
	case l.Owner == b.owner, l.Owner == "":
		return l.Renewed, b.write(ctx)
	case free:
		if err := ignoreMissing(known(b.blob.Delete(ctx, lockName))); err != nil {
			return since, err
		}
		return l.Renewed, b.take(ctx)
	default:
		return since, fmt.Errorf("another process writes this archive (%s on %s, last alive at %s): give each writer an archive of its own, or wait until %s after its end",
			lockName, l.Host, l.Renewed.Format(time.RFC3339), leaseTime)
	}
}

// name is the same for every process that has the spool folder.
func (b *bucket) name(ctx context.Context) (string, error) {
	const file = "owner"
	text, err := b.spool.read(ctx, file)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(rand.Text())
		err = b.spool.create(ctx, file, text)
	}
	return string(text), err
}

func (b *bucket) lease(ctx context.Context) (l lease, err error) {
	text, err := b.read(ctx, lockName)
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(text, &l); err != nil {
		return l, fmt.Errorf("%s: %w", lockName, err)
	}
	return l, nil
}

// text is the lease as of now.
func (b *bucket) text(owner string) ([]byte, time.Time, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "an unnamed host"
	}
	now := b.now().UTC()
	text, err := json.Marshal(lease{owner, host, now})
	return text, now, err
}

// take makes the lease where there is none.
func (b *bucket) take(ctx context.Context) error {
	text, now, err := b.text(b.owner)
	if err != nil {
		return err
	}
	if err := b.createOnce(ctx, lockName, text); err != nil {
		return fmt.Errorf("take the lease %s: %w", lockName, err)
	}
	b.renewed = now
	return nil
}

// write renews the lease.
func (b *bucket) write(ctx context.Context) error { return b.writeFor(ctx, b.owner) }

func (b *bucket) writeFor(ctx context.Context, owner string) error {
	text, now, err := b.text(owner)
	if err != nil {
		return err
	}
	if _, err := b.upload(ctx, lockName, false, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}); err != nil {
		return fmt.Errorf("renew the lease %s: %w", lockName, err)
	}
	b.renewed = now
	return nil
}

func (b *bucket) alive(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.renew(ctx)
}

func (b *bucket) renew(ctx context.Context) error {
	l, err := b.lease(ctx)
	if err != nil {
		return err
	}
	if l.Owner != b.owner {
		return fmt.Errorf("%w (%s on %s): restart this one to wait for its turn", errLost, lockName, l.Host)
	}
	return b.write(ctx)
}

// hold makes sure, before anything is changed, that the lease has not run out.
func (b *bucket) hold(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now().Sub(b.renewed) < leaseTime/2 {
		return nil
	}
	return b.renew(ctx)
}

// release leaves the lease without an owner: when it was last renewed still tells
// how long nobody watched.
func (b *bucket) release(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var err error
	if l, leaseErr := b.lease(ctx); leaseErr == nil && l.Owner == b.owner {
		err = b.writeFor(ctx, "")
	}
	return errors.Join(err, b.spool.release(ctx))
}
