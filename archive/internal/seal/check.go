package seal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/memory"
)

// RefusedError says that the chain is not the one that is remembered, so that nothing is
// joined to it.
type RefusedError struct {
	Archive    string // address
	Remembered memory.Remembered
	Found      string
	KeyFile    string // empty: the keys are not in a file
}

func (e *RefusedError) Error() string {
	remembered, option := "a signing key and data, so a chain", ""
	if !e.Remembered.IsZero() {
		remembered = fmt.Sprintf("%s, according to %s", e.Remembered.Head, e.Remembered.Where)
		option = " --head " + e.Remembered.Digest
	}
	if e.KeyFile != "" {
		option += " --signing-key " + e.KeyFile
	}
	return fmt.Sprintf("archive %s: the chain is not the one that is remembered: remembered is %s; found is %s. Nothing is sealed and nothing expires; records are still stored. Restore %s from a copy and restart. If the loss is to be accepted, stop the collector and run: provtrail archive recover --directory %s%s --reason TEXT",
		e.Archive, remembered, e.Found, layout.ChainDir, e.Archive, option)
}

// lastSeal reads the last seal and makes it the head; also where it is not readable, so
// that no record is written into an hour that seems to be sealed.
func (s *Sealer) lastSeal(ctx context.Context, name string) (*chain.Seal, error) {
	if name == "" {
		return nil, nil
	}
	last, err := chain.Read(ctx, s.store, name)
	if last == nil {
		return nil, err
	}
	if err != nil { // of the entry nothing is believed
		h, _ := layout.ParseSeal(name)
		last.Entry = chain.Entry{Hour: h}
	}
	s.setHead(last)
	if err != nil {
		return nil, nil
	}
	return last, nil
}

// check returns a RefusedError where the chain vanished, went back or does not contain a
// remembered head. last is nil where there is no seal or the last one is not readable.
func (s *Sealer) check(ctx context.Context, name string, last *chain.Seal) error {
	refuse := func(r memory.Remembered, found string) error {
		s.head.last = max(s.head.last, r.Hour)
		return &RefusedError{s.store.String(), r, found, s.opt.KeyFile}
	}
	for _, r := range s.opt.Memory.Remembered {
		found, err := s.missing(ctx, r.Head, name, last)
		if err != nil {
			return err
		}
		if found != "" {
			return refuse(r, found)
		}
	}
	switch {
	case name != "" && last == nil:
		return refuse(memory.Remembered{}, "a last seal "+name+" that cannot be read")
	case name == "" && s.opt.KeyFile != "":
		files, err := blobstore.DataFiles(ctx, s.store)
		if err == nil && len(files) > 0 {
			err = refuse(memory.Remembered{}, fmt.Sprintf("%d data files without a chain", len(files)))
		}
		return err
	}
	return nil
}

// missing follows the chain from its end to a head and says what was found where the
// chain does not contain that head.
func (s *Sealer) missing(ctx context.Context, want chain.Head, name string, last *chain.Seal) (found string, err error) {
	switch {
	case name == "":
		return "no chain", nil
	case last == nil:
		return "a last seal " + name + " that cannot be read", nil
	}
	for at := last; ; {
		if at.Digest == want.Digest || at.Recovery.Names(want.Digest) && s.signed(at) {
			return "", nil
		}
		if at.Previous == "" {
			return "a chain that does not contain it and ends with " + last.Head().String(), nil
		}
		before, err := s.before(ctx, at)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, chain.ErrNoSeal) || err == nil && before.Digest != at.Previous {
			return fmt.Sprintf("a chain that ends with %s and is broken before %s", last.Head(), at.Name), nil
		}
		if err != nil {
			return "", err
		}
		at = before
	}
}

// before reads the seal that a seal follows.
func (s *Sealer) before(ctx context.Context, at *chain.Seal) (*chain.Seal, error) {
	hour := at.Hour - 1
	if at.Recovery != nil && at.Recovery.After != nil {
		hour = *at.Recovery.After
	}
	before, err := chain.Read(ctx, s.store, layout.SealName(hour))
	if errors.Is(err, fs.ErrNotExist) {
		return chain.Read(ctx, s.store, layout.GenesisName)
	}
	return before, err
}

// signed reports whether one of the keys signed a seal.
func (s *Sealer) signed(seal *chain.Seal) bool {
	key := s.opt.Keys.ByID(seal.Key)
	return key != nil && seal.SignedBy(chain.Public(key))
}
