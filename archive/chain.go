package archive

import (
	"context"
	"crypto/rand"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// chain is the end of the chain, to which the next seal is joined.
type chain struct {
	archive string
	last    Hour   // newest sealed hour; before the first, the hour before it
	digest  string // of the newest seal
	key     string // that signed it
	heir    []byte // public key it named
}

// openChain finds the end of the chain, and makes its beginning in a new archive.
// The first hour is that of the oldest file there is, or the current one.
func (a *Archive) openChain(ctx context.Context) error {
	newest, err := newestSeal(ctx, a.store)
	if err != nil {
		return err
	}
	if newest != "" {
		text, err := a.store.read(ctx, newest)
		if err != nil {
			return err
		}
		s, err := parseSeal(text)
		if err != nil {
			return fmt.Errorf("newest seal %s %w: nothing can be joined to it; restore it from a copy, or move the archive away and begin a new one", newest, err)
		}
		a.chain = chain{archive: s.Archive, last: s.Hour, digest: s.digest, key: s.Key, heir: s.NextKey}
		return a.finish(ctx, &s.Entry)
	}
	if a.keys == nil {
		return nil
	}
	first := HourOf(a.now())
	list, err := files(ctx, a.store, "")
	if err != nil {
		return err
	}
	if len(list) > 0 {
		first = min(first, list[0].Hour)
	}
	return a.join(ctx, genesisName, &Entry{Archive: rand.Text(), Hour: first - 1})
}

// join signs an entry and makes it the end of the chain.
func (a *Archive) join(ctx context.Context, name string, e *Entry) error {
	signer := a.keys[0]
	if old := a.keys.byID(a.chain.key); old != nil && a.chain.heir == nil && !old.Equal(signer) {
		// Rotation: the old key signs once more and names its heir.
		signer, e.NextKey = old, public(a.keys[0])
	}
	e.Previous, e.SealedAt = a.chain.digest, a.now().UTC().Truncate(time.Millisecond)
	text, err := signEntry(e, signer)
	if err != nil {
		return err
	}
	if err := a.store.create(ctx, name, text); err != nil {
		return fmt.Errorf("seal %s: %w", name, err)
	}
	a.chain = chain{archive: e.Archive, last: e.Hour, digest: digestOf(text), key: e.Key, heir: e.NextKey}
	return nil
}

// KeyReplaced says that the newest seal was made with a key that is not among the
// archive's, so that no seal names the new key as its heir: verifying then needs
// both public keys.
func (a *Archive) KeyReplaced() bool {
	return a.keys != nil && a.keys.byID(a.chain.key) == nil
}

// newestSeal is the name of the last seal, empty where there is none.
func newestSeal(ctx context.Context, s store) (string, error) {
	days, err := s.names(ctx, chainDir)
	if err != nil {
		return "", err
	}
	for _, day := range slices.Backward(days) {
		if !strings.HasPrefix(day, "date=") {
			continue
		}
		hours, err := s.names(ctx, path.Join(chainDir, day))
		if err != nil {
			return "", err
		}
		for _, hour := range slices.Backward(hours) {
			name := chainDir + "/" + day + "/" + hour
			if _, ok := parseSealName(name); ok {
				return name, nil
			}
		}
	}
	if slices.Contains(days, path.Base(genesisName)) {
		return genesisName, nil
	}
	return "", nil
}
