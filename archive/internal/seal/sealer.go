// Package seal closes hours that are over: it merges their files, signs what they hold
// and applies retention.
package seal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/idindex"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// Options of a Sealer.
type Options struct {
	// Keys sign the seals; nil means that nothing is sealed and nothing expires, unless
	// KeyFile is set.
	Keys chain.Keys
	// KeyFile is read where there are no Keys. It is created for a new chain only.
	KeyFile string
	// Grace is how long after its end an hour is sealed, and how long after Opened at
	// the earliest.
	Grace  time.Duration
	Opened time.Time
	// Retention is how long files are kept after the end of their hour; zero is for ever.
	Retention time.Duration
	Holds     []Hold
	Now       func() time.Time
	// Freeze is called before an hour is sealed. From then on nothing may be written
	// into that hour.
	Freeze func(layout.Hour)
}

// Sealer seals hours one after another.
type Sealer struct {
	store blobstore.Store
	index *idindex.Index
	opt   Options

	mu   sync.Mutex // guards head
	head head
}

// head is the end of the chain, to which the next seal is joined.
type head struct {
	archive string
	last    layout.Hour // last sealed hour; in a new chain the hour before the first
	digest  string      // of the last seal
	key     string      // that signed the last seal
	nextKey []byte      // public key that the last seal names
}

// Open finds the end of the chain and completes a seal that a crash interrupted. A new
// archive gets the beginning of its chain: its first hour is that of the oldest file, or
// the current one.
func Open(ctx context.Context, store blobstore.Store, index *idindex.Index, opt Options) (*Sealer, error) {
	s := &Sealer{store: store, index: index, opt: opt}
	name, err := chain.Last(ctx, store)
	if err != nil {
		return nil, err
	}
	if err := s.loadKeys(name); err != nil {
		return nil, err
	}
	if name == "" {
		return s, s.begin(ctx)
	}
	last, err := chain.Read(ctx, store, name)
	if err != nil {
		return nil, fmt.Errorf("last seal %w: nothing can be joined to it; restore it from a copy, or move the archive away and begin a new one", err)
	}
	s.head = head{archive: last.Archive, last: last.Hour, digest: last.Digest, key: last.Key, nextKey: last.NextKey}
	return s, s.finish(ctx, &last.Entry)
}

// loadKeys creates a key for a new chain only: a chain that goes on with another key
// than the one that was lost would look like a forged one.
func (s *Sealer) loadKeys(lastSeal string) (err error) {
	if s.opt.Keys != nil || s.opt.KeyFile == "" {
		return nil
	}
	s.opt.Keys, err = chain.LoadKeys(s.opt.KeyFile)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if lastSeal != "" {
		return fmt.Errorf("the archive is sealed up to %s and its signing key is missing: restore the key file from a copy; no new key is created for an existing chain: %w", lastSeal, err)
	}
	s.opt.Keys, err = chain.CreateKey(s.opt.KeyFile)
	return err
}

func (s *Sealer) begin(ctx context.Context) error {
	if s.opt.Keys == nil {
		return nil
	}
	first := layout.HourOf(s.opt.Now())
	files, err := blobstore.DataFiles(ctx, s.store)
	if err != nil {
		return err
	}
	if len(files) > 0 {
		first = min(first, files[0].Hour)
	}
	return s.join(ctx, layout.GenesisName, &chain.Entry{Archive: rand.Text(), Hour: first - 1})
}

// join signs an entry and makes it the end of the chain.
func (s *Sealer) join(ctx context.Context, name string, e *chain.Entry) error {
	signer := s.opt.Keys[0]
	if old := s.opt.Keys.ByID(s.head.key); old != nil && s.head.nextKey == nil && !old.Equal(signer) {
		// Rotation: the old key signs once more and names the new one.
		signer, e.NextKey = old, chain.Public(s.opt.Keys[0])
	}
	e.Previous, e.SealedAt = s.head.digest, s.opt.Now().UTC().Truncate(time.Millisecond)
	text, err := chain.Sign(e, signer)
	if err != nil {
		return err
	}
	if err := s.store.Create(ctx, name, text); err != nil {
		return fmt.Errorf("seal %s: %w", name, err)
	}
	s.head = head{archive: e.Archive, last: e.Hour, digest: chain.Digest(text), key: e.Key, nextKey: e.NextKey}
	return nil
}

// Keys returns the keys that sign; nil where nothing is sealed.
func (s *Sealer) Keys() chain.Keys { return s.opt.Keys }

// LastSealed returns the last sealed hour; zero where there is no chain.
func (s *Sealer) LastSealed() layout.Hour {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head.last
}

// KeyReplaced reports whether the last seal was signed by a key that is not among the
// keys, so that no seal names the new key: verifying then needs both public keys.
func (s *Sealer) KeyReplaced() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opt.Keys != nil && s.opt.Keys.ByID(s.head.key) == nil
}

// SealDue seals every hour that is due, the oldest first, and removes expired files. It
// returns the hours that it sealed.
func (s *Sealer) SealDue(ctx context.Context) (sealed []layout.Hour, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.opt.Keys != nil && !s.opt.Now().Before(s.due()) {
		hour := s.head.last + 1
		if err := s.seal(ctx, hour); err != nil {
			return sealed, fmt.Errorf("archive %s: seal hour %s: %w", s.store, hour, err)
		}
		sealed = append(sealed, hour)
	}
	return sealed, nil
}

// Due returns when the next hour is to be sealed.
func (s *Sealer) Due() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.due()
}

func (s *Sealer) due() time.Time {
	at := (s.head.last + 2).Start() // the end of the next hour
	if at.Before(s.opt.Opened) {
		at = s.opt.Opened
	}
	return at.Add(s.opt.Grace)
}
