package archive

import (
	"context"
	"crypto/ed25519"
	"slices"
)

// sealedChain is the chain as it was found.
type sealedChain struct {
	names []string // of the seal files
	seals map[Hour]*foundSeal
	first Hour // of the beginning, which seals no hour itself
	last  Hour
	// expired are the files that a seal says retention removed.
	expired map[string]bool
	// unreadable says that some seal is missing or cannot be trusted, so that expired
	// may lack some.
	unreadable bool
}

type foundSeal struct {
	*seal
	name    string
	trusted bool // sound, and by a trusted key
}

// begins says that the seal is the beginning of the chain.
func (f *foundSeal) begins() bool {
	if f.trusted {
		return f.Previous == ""
	}
	return f.name == genesisName
}

// belongs is the name a trusted seal must have.
func (f *foundSeal) belongs() string {
	if f.begins() {
		return genesisName
	}
	return sealName(f.Hour)
}

// open says that the hour comes after the chain's end.
func (c *sealedChain) open(h Hour) bool { return h > c.last }

// within says that the hour lies in the chain.
func (c *sealedChain) within(h Hour) bool { return h > c.first && h <= c.last }

// readChain reads each seal and finds whom it is by. Where a seal is unsound the
// blame is its own: neither its neighbours nor its files are accused for it.
func (v *verifier) readChain(ctx context.Context) error {
	c := &v.chain
	c.seals, c.expired = map[Hour]*foundSeal{}, map[string]bool{}
	var found []*foundSeal
	for _, name := range c.names {
		text, err := v.store.read(ctx, name)
		if err != nil {
			return err
		}
		s, err := parseSeal(text)
		f := &foundSeal{seal: s, name: name}
		if err != nil {
			v.blame(BadSeal, name, "%v", err)
			s.Entry = Entry{}
		}
		found = append(found, f)
	}
	v.trust(found)
	for _, f := range found {
		v.place(f)
	}
	return nil
}

// trust marks the seals that are signed by a trusted key, or by the heir that such
// a seal names, or the heir's heir.
func (v *verifier) trust(found []*foundSeal) {
	keys := map[string]ed25519.PublicKey{}
	for _, k := range v.opt.Keys {
		keys[KeyID(k)] = k
	}
	for again := true; again; {
		again = false
		for _, f := range found {
			if key, ok := keys[f.Key]; ok && !f.trusted && f.Version != 0 && f.signedBy(key) {
				f.trusted = true
				if f.NextKey != nil {
					keys[KeyID(f.NextKey)] = f.NextKey
					again = true
				}
			}
		}
	}
	for _, f := range found {
		_, known := keys[f.Key]
		switch {
		case f.trusted || f.Version == 0:
		case known:
			v.blame(BadSeal, f.name, "the signature is wrong: the seal was altered after it was signed")
		default:
			v.blame(BadSeal, f.name, "signed with key %s, which is neither given nor named by a seal of a given key", f.Key)
		}
	}
}

// place enters a seal under its hour: the one it says if it can be trusted, else
// the one its name says.
func (v *verifier) place(f *foundSeal) {
	c := &v.chain
	hour, named := parseSealName(f.name)
	if f.trusted {
		if name := f.belongs(); f.name != name {
			v.blame(Misplaced, f.name, "holds what was sealed as %s", name)
		}
		hour = f.Hour
		for _, name := range f.Expired {
			c.expired[name] = true
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

// checkChain looks for hours without a seal and seals that do not follow.
func (v *verifier) checkChain() {
	c := &v.chain
	hours := make([]Hour, 0, len(c.seals))
	for h := range c.seals {
		hours = append(hours, h)
	}
	slices.Sort(hours)
	begun := slices.IndexFunc(hours, func(h Hour) bool { return c.seals[h].begins() })
	if begun < 0 {
		v.blame(MissingHour, genesisName, "the beginning of the chain is not there")
		c.unreadable = true
	} else if h := hours[begun]; h < 0 { // not readable: the first hour is that of the next
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
		v.blame(MissingHour, sealName(c.last+1), "the chain ends at %s", end.Format("2006-01-02 15:04 UTC"))
		c.unreadable = true
	}
}

func (v *verifier) follows(before, s *foundSeal, was, h Hour) {
	for missing := was + 1; missing < h; missing++ {
		v.blame(MissingHour, sealName(missing), "hour %s has no seal", missing)
		v.chain.unreadable = true
	}
	if was+1 == h && before.trusted && s.trusted && (s.Previous != before.digest || s.Archive != before.Archive) {
		v.blame(BrokenChain, s.name, "does not follow from the seal before: it names SHA-256 %s, %s has %s", s.Previous, before.name, before.digest)
	}
}
