package seal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// Recover lets sealing go on although the chain is not the remembered one: it signs an
// entry that names the lost heads and the reason. Where a chain is left, the entry is the
// seal of the hour after that chain and the lost heads; otherwise it begins a new chain
// after them.
func (s *Sealer) Recover(ctx context.Context, lost []chain.Head, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused == nil {
		return errors.New("the chain is the one that is remembered: there is nothing to recover")
	}
	if s.opt.Keys == nil {
		return errors.New("a recovery must be signed: name the signing key")
	}
	for _, r := range s.opt.Memory.Remembered {
		if !slices.ContainsFunc(lost, func(h chain.Head) bool { return h.Digest == r.Digest }) {
			lost = append(lost, r.Head)
		}
	}
	name, err := chain.Last(ctx, s.store)
	if err != nil {
		return err
	}
	now := s.opt.Clock.Now()
	end := layout.Hour(0)
	e := &chain.Recovery{Lost: lost, Reason: reason, At: now.UTC()}
	archive := rand.Text()
	for _, h := range lost {
		end = max(end, min(h.Hour, layout.HourOf(now)-1))
		if h.Archive != "" {
			archive = h.Archive
		}
	}
	s.head = head{archive: archive, last: end}
	if name == "" {
		if end == 0 {
			s.head.last = layout.HourOf(now) - 1
		}
		err = s.join(ctx, layout.GenesisName, &chain.Entry{Archive: archive, Hour: s.head.last, Recovery: e})
	} else {
		text, readErr := s.store.Read(ctx, name)
		if readErr != nil {
			return readErr
		}
		last, readErr := chain.Parse(name, text)
		if readErr != nil { // its bytes are still what comes before
			h, sealed := layout.ParseSeal(name)
			if !sealed {
				h = end
			}
			last.Entry = chain.Entry{Archive: archive, Hour: h}
		}
		after := last.Hour
		e.After = &after
		s.setHead(last)
		err = s.seal(ctx, max(last.Hour, end)+1, e)
	}
	if err != nil {
		return fmt.Errorf("archive %s: recover: %w", s.store, err)
	}
	s.refused = nil
	return nil
}
