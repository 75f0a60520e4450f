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
	"github.com/provtrail/provtrail/archive/internal/memory"
	"github.com/provtrail/provtrail/archive/internal/personal"
	"github.com/provtrail/provtrail/internal/clock"
)

// Options of a Sealer.
type Options struct {
	// Keys sign the seals; nil means that nothing is sealed and nothing expires, unless
	// KeyFile is set.
	Keys chain.Keys
	// KeyFile is read where there are no Keys. It is created for a new chain only.
	KeyFile string
	// Memory has the head of the chain, which is remembered outside the archive.
	Memory *memory.Memory
	// Grace is how long after its end an hour is sealed, and how long after the start of
	// Clock at the earliest.
	Grace time.Duration
	// Retention is how long files are kept after the end of their hour; zero is for ever.
	// A shorter one is in force once seals stated it for RetentionNotice.
	Retention       time.Duration
	RetentionNotice time.Duration
	Holds           []chain.Hold
	Clock           *clock.Clock
	// Personal is the key store with which the files are encrypted; nil: they are not.
	Personal *personal.Store
	// Freeze is called before an hour is sealed and returns the files that were written
	// into that hour. From then on nothing may be written into that hour.
	Freeze func(layout.Hour) []string
	// Lost is called for a sealed hour with the files that were written into it and were
	// gone; nil for nobody.
	Lost func(hour layout.Hour, names []string)
}

// Sealer seals hours one after another.
type Sealer struct {
	store blobstore.Store
	index *idindex.Index
	opt   Options
	// refused is a *RefusedError where nothing may be joined to the chain.
	refused error

	mu     sync.Mutex // guards everything below
	head   head
	holder holder
	// requests are those that the last entry answers, and that are still there.
	requests []string
	// ignored names requests that are not valid.
	ignored error
	// unfinished is the last entry while files that it replaces may still be there.
	unfinished *chain.Entry
}

// head is the end of the chain, to which the next seal is joined.
type head struct {
	archive   string
	last      layout.Hour // last sealed hour; in a new chain the hour before the first
	digest    string      // of the last seal
	key       string      // that signed the last seal
	nextKey   []byte      // public key that the last seal names
	retention *chain.Retention
	holds     []chain.Hold // that were placed
}

// Open finds the end of the chain and completes a seal that a crash interrupted. A new
// archive gets the beginning of its chain: its first hour is that of the oldest file, or
// the current one. Where the chain is not the remembered one, nothing is changed and
// Refused returns the reason.
func Open(ctx context.Context, store blobstore.Store, index *idindex.Index, opt Options) (*Sealer, error) {
	s := &Sealer{store: store, index: index, opt: opt}
	name, err := chain.Last(ctx, store)
	if err != nil {
		return nil, err
	}
	created, err := s.loadKeys(name)
	if err != nil {
		return nil, err
	}
	if name == "" && s.opt.Keys != nil && created && len(opt.Memory.Remembered) == 0 {
		return s, s.begin(ctx)
	}
	if s.opt.Keys == nil && name == "" {
		return s, nil
	}
	return s, s.resume(ctx, name)
}

// resume continues the chain that ends with the named seal, if it is the remembered one.
func (s *Sealer) resume(ctx context.Context, name string) error {
	last, err := s.lastSeal(ctx, name)
	if err != nil {
		return err
	}
	if err := s.check(ctx, name, last); err != nil {
		if _, ok := errors.AsType[*RefusedError](err); !ok {
			return err
		}
		s.refused = err
		return nil
	}
	if name == "" {
		return s.begin(ctx)
	}
	s.opt.Memory.Change(func(m *memory.State) { m.Head = last.Head() })
	if err := s.finish(ctx, &last.Entry); err != nil {
		return err
	}
	return s.remember(ctx)
}

// Refused returns a *RefusedError where the chain is not the remembered one.
func (s *Sealer) Refused() error { return s.refused }

// loadKeys creates a key for a new chain only: a chain that goes on with another key
// than the one that was lost would look like a forged one.
func (s *Sealer) loadKeys(lastSeal string) (created bool, err error) {
	if s.opt.Keys != nil || s.opt.KeyFile == "" {
		return false, nil
	}
	s.opt.Keys, err = chain.LoadKeys(s.opt.KeyFile)
	if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if lastSeal == "" {
		for _, r := range s.opt.Memory.Remembered {
			lastSeal = r.String() + " according to " + r.Where
		}
	}
	if lastSeal != "" {
		return false, fmt.Errorf("the archive is sealed up to %s and its signing key is missing: restore the key file from a copy; no new key is created for an existing chain: %w", lastSeal, err)
	}
	s.opt.Keys, err = chain.CreateKey(s.opt.KeyFile)
	return true, err
}

// begin signs the beginning of a chain.
func (s *Sealer) begin(ctx context.Context) error {
	if s.opt.Keys == nil {
		return nil
	}
	first := layout.HourOf(s.opt.Clock.Now())
	files, err := blobstore.DataFiles(ctx, s.store)
	if err != nil {
		return err
	}
	if len(files) > 0 {
		first = min(first, files[0].Hour)
	} else if s.opt.Retention > 0 { // of files that exist a retention is announced first
		s.head.retention = &chain.Retention{InForce: int64(s.opt.Retention / time.Second)}
	}
	return s.join(ctx, layout.GenesisName, &chain.Entry{Archive: rand.Text(), Hour: first - 1})
}

// join signs an entry, makes it the end of the chain and has it remembered.
func (s *Sealer) join(ctx context.Context, name string, e *chain.Entry) error {
	signer := s.opt.Keys[0]
	if old := s.opt.Keys.ByID(s.head.key); old != nil && s.head.nextKey == nil && !old.Equal(signer) {
		// Rotation: the old key signs once more and names the new one.
		signer, e.NextKey = old, chain.Public(s.opt.Keys[0])
	}
	now := s.opt.Clock.Now()
	e.Previous, e.SealedAt = s.head.digest, now.UTC().Truncate(time.Millisecond)
	e.Retention = s.nextRetention(now)
	text, err := chain.Sign(e, signer)
	if err != nil {
		return err
	}
	if err := s.store.Create(ctx, name, text); err != nil {
		return fmt.Errorf("seal %s: %w", name, err)
	}
	sealed := &chain.Seal{Entry: *e, Name: name, Digest: chain.Digest(text)}
	s.setHead(sealed)
	s.opt.Memory.Change(func(m *memory.State) { m.Head = sealed.Head() })
	return s.remember(ctx)
}

// setHead makes a seal the end of the chain.
func (s *Sealer) setHead(last *chain.Seal) {
	s.head = head{archive: last.Archive, last: last.Hour, digest: last.Digest, key: last.Key, nextKey: last.NextKey, retention: last.Retention}
	for _, h := range last.Holds {
		if h.ID != "" {
			s.head.holds = append(s.head.holds, h)
		}
	}
}

func (s *Sealer) remember(ctx context.Context) error { return s.opt.Memory.Save(ctx) }

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
	if s.refused != nil {
		return nil, s.refused
	}
	if err := s.complete(ctx); err != nil {
		return nil, fmt.Errorf("archive %s: after the seal of hour %s: %w", s.store, s.head.last, err)
	}
	for s.opt.Keys != nil && !s.opt.Clock.Now().Before(s.due()) {
		if err := s.ClockSkew(); err != nil {
			return sealed, err
		}
		hour := s.head.last + 1
		if err := s.seal(ctx, hour, nil); err != nil {
			return sealed, fmt.Errorf("archive %s: seal hour %s: %w", s.store, hour, err)
		}
		sealed = append(sealed, hour)
	}
	return sealed, s.ignored
}

// due is when the next hour is to be sealed.
func (s *Sealer) due() time.Time {
	end := (s.head.last + 2).Start() // of the next hour
	return clock.Latest(end, s.opt.Clock.Started()).Add(s.opt.Grace)
}

// ClockSkew returns an error where the clock of the machine is not believed.
func (s *Sealer) ClockSkew() error {
	if err := s.opt.Clock.Skew(); err != nil {
		return fmt.Errorf("%w: nothing is sealed and nothing expires, and records are stored under the believed hour, until the clock is right or records with vendor times near it arrive; if the clock is right, stop the collector and run provtrail archive confirm-clock", err)
	}
	return nil
}
