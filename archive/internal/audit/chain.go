package audit

import (
	"context"
	"slices"

	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// sealedChain is the chain as it was found.
type sealedChain struct {
	names []string // of the seal files
	seals map[layout.Hour]*foundSeal
	first layout.Hour // of the beginning, which seals no hour itself
	last  layout.Hour
	// expired are the files that retention removed according to a seal.
	expired map[string]bool
	// unreadable says that a seal is missing or cannot be trusted, so that expired may
	// be incomplete.
	unreadable bool
	// recovered are the seals that state the loss of the seals before them.
	recovered []*foundSeal
}

type foundSeal struct {
	*chain.Seal
	trusted bool // valid, and by a trusted key
}

// begins reports whether the seal is the beginning of the chain.
func (f *foundSeal) begins() bool {
	if f.trusted {
		return f.Previous == ""
	}
	return f.Name == layout.GenesisName
}

// properName is the name that a trusted seal must have.
func (f *foundSeal) properName() string {
	if f.begins() {
		return layout.GenesisName
	}
	return layout.SealName(f.Hour)
}

// open reports whether the hour comes after the end of the chain.
func (c *sealedChain) open(h layout.Hour) bool { return h > c.last }

// lost reports whether the seal of the hour was lost according to a recovery.
func (c *sealedChain) lost(h layout.Hour) bool {
	return slices.ContainsFunc(c.recovered, func(s *foundSeal) bool {
		after := s.Recovery.After
		return after == nil && h <= s.Hour || after != nil && h > *after && h < s.Hour
	})
}

// within reports whether the hour lies in the chain.
func (c *sealedChain) within(h layout.Hour) bool { return h > c.first && h <= c.last }

// readChain reads each seal and checks who signed it. A seal that is not valid is a
// problem by itself: neither its neighbours nor its files are reported for it.
func (v *verifier) readChain(ctx context.Context) error {
	c := &v.chain
	c.seals, c.expired = map[layout.Hour]*foundSeal{}, map[string]bool{}
	var found []*foundSeal
	var readable []*chain.Seal
	for _, name := range c.names {
		text, err := v.store.Read(ctx, name)
		if err != nil {
			return err
		}
		s, err := chain.Parse(name, text)
		if err != nil {
			v.blame(BadSeal, name, "%v", err)
			s.Entry = chain.Entry{}
		} else {
			readable = append(readable, s)
		}
		found = append(found, &foundSeal{Seal: s, trusted: err == nil})
	}
	_, untrusted := chain.Trust(readable, v.opt.Keys)
	for _, f := range found {
		if detail, ok := untrusted[f.Seal]; ok {
			f.trusted = false
			v.blame(BadSeal, f.Name, "%s", detail)
		}
		v.enter(f)
	}
	return nil
}

// enter records a seal under its hour: the hour in its text if the seal is trusted,
// else the hour in its name.
func (v *verifier) enter(f *foundSeal) {
	c := &v.chain
	hour, named := layout.ParseSeal(f.Name)
	if f.trusted {
		if name := f.properName(); f.Name != name {
			v.blame(Misplaced, f.Name, "has the content that was sealed as %s", name)
		}
		hour = f.Hour
		for _, name := range f.Expired {
			c.expired[name] = true
		}
		for _, name := range f.Lost {
			v.blame(Lost, name, "was written and was gone when hour %s was sealed; %s", f.Hour, Repair)
		}
		for _, e := range f.Erased {
			if !slices.Contains(v.Erased, e) { // it may be stated twice
				v.Erased = append(v.Erased, e)
			}
		}
		if f.Recovery != nil {
			c.recovered = append(c.recovered, f)
			v.blame(Recovered, f.Name, "%s", f.Recovery)
		}
	} else {
		c.unreadable = true
		if !named {
			hour = -1 // the beginning of the chain
		}
	}
	if old, twice := c.seals[hour]; !twice || !old.trusted {
		c.seals[hour] = f
	}
}

// checkChain looks for hours without a seal and seals that do not follow from the one
// before.
func (v *verifier) checkChain() {
	c := &v.chain
	hours := make([]layout.Hour, 0, len(c.seals))
	for h := range c.seals {
		hours = append(hours, h)
	}
	slices.Sort(hours)
	begun := slices.IndexFunc(hours, func(h layout.Hour) bool { return c.seals[h].begins() })
	if begun < 0 {
		v.blame(MissingHour, layout.GenesisName, "the beginning of the chain is missing")
		c.unreadable = true
	} else if h := hours[begun]; h < 0 { // not readable: the chain begins with the next seal
		hours = hours[1:]
	}
	if len(hours) == 0 {
		return
	}
	c.first, c.last = hours[0], hours[len(hours)-1]
	if !c.seals[c.first].begins() {
		c.first--
	}
	for i, h := range hours {
		s := c.seals[h]
		if i > 0 {
			v.follows(c.seals[hours[i-1]], s, hours[i-1], h)
		}
		if s.begins() {
			continue
		}
		v.Hours++
		for _, g := range s.Gaps {
			v.note("nothing wrote the archive from %s to %s", g.From.Format("2006-01-02 15:04:05"), g.To.Format("2006-01-02 15:04:05 UTC"))
		}
	}
	if first := c.first + 1; first <= c.last {
		last := c.last
		v.First, v.Last = &first, &last
	}
	if end := (c.last + 1).Start(); end.Before(v.opt.Until) {
		v.blame(MissingHour, layout.SealName(c.last+1), "the chain ends at %s", end.Format("2006-01-02 15:04 UTC"))
		c.unreadable = true
	}
}

func (v *verifier) follows(before, s *foundSeal, was, h layout.Hour) {
	for missing := was + 1; missing < h && !v.chain.lost(missing); missing++ {
		v.blame(MissingHour, layout.SealName(missing), "hour %s has no seal", missing)
		v.chain.unreadable = true
	}
	if (was+1 == h || v.chain.lost(was+1)) && before.trusted && s.trusted && (s.Previous != before.Digest || s.Archive != before.Archive) {
		v.blame(BrokenChain, s.Name, "names SHA-256 %s as the seal before, %s has %s", s.Previous, before.Name, before.Digest)
	}
}
