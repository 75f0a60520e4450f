package personal

import (
	"cmp"
	"crypto/rand"
	"slices"
	"time"

	"github.com/provtrail/provtrail/archive/internal/chain"
)

// Keys returns the keys of persons. Those that are missing are created, and are durable when
// Keys returns: also where the key of the person was destroyed, because what is said of a
// person after an erasure is new.
func (s *Store) Keys(persons []Person) (keys []*Key, err error) {
	keys = make([]*Key, len(persons))
	err = s.locked(func() error {
		var created []entry
		var text []byte
		seen := map[token]bool{}
		for _, p := range persons {
			t := p.token(s.header.secret[:])
			if s.keys[t] != nil || seen[t] {
				continue
			}
			seen[t] = true
			e := entry{state: live, person: t, created: time.Now()}
			_, _ = rand.Read(e.id[:]) // never fails
			_, _ = rand.Read(e.secret[:])
			created, text = append(created, e), append(text, e.encode()...)
		}
		if len(created) > 0 {
			// What a crash left after the last entry is overwritten.
			if err := s.file.Truncate(s.size); err != nil {
				return err
			}
			if _, err := s.file.WriteAt(text, s.size); err != nil {
				return err
			}
			if err := s.file.Sync(); err != nil {
				return err
			}
		}
		for _, e := range created {
			s.add(e)
		}
		for i, p := range persons {
			keys[i] = s.keys[p.token(s.header.secret[:])]
		}
		return nil
	})
	return keys, err
}

// Find returns the persons who have a key, and the erasures of keys that the persons had.
func (s *Store) Find(persons []Person) (have []Person, before []chain.Erasure, err error) {
	err = s.locked(func() error {
		for _, p := range persons {
			t := p.token(s.header.secret[:])
			if s.keys[t] != nil {
				have = append(have, p)
			}
			for id, e := range s.entries {
				if e.person == t && e.state != live {
					before = append(before, chain.Erasure{Key: id.String(), At: e.erasure})
				}
			}
		}
		return nil
	})
	sortErasures(before)
	return have, before, err
}

// Forget destroys the keys of persons: they are overwritten, and that is durable when Forget
// returns. It returns the keys that it destroyed.
func (s *Store) Forget(persons []Person, now time.Time) (done []chain.Erasure, err error) {
	err = s.locked(func() error {
		for _, p := range persons {
			if k := s.keys[p.token(s.header.secret[:])]; k != nil {
				done = append(done, chain.Erasure{Key: k.ID.String(), At: now.UTC().Truncate(time.Second)})
			}
		}
		return s.change(done, erased)
	})
	return done, err
}

// Unstated returns the erasures that no seal states yet.
func (s *Store) Unstated() (list []chain.Erasure, err error) {
	err = s.locked(func() error {
		for id, e := range s.entries {
			if e.state == erased {
				list = append(list, chain.Erasure{Key: id.String(), At: e.erasure})
			}
		}
		return nil
	})
	sortErasures(list)
	return list, err
}

// Stated records that a seal states erasures.
func (s *Store) Stated(list []chain.Erasure) error {
	return s.locked(func() error { return s.change(list, stated) })
}

// change overwrites entries in place. The header is changed first, so that other processes
// read everything again even where this one ends in between.
func (s *Store) change(list []chain.Erasure, to state) error {
	if len(list) == 0 {
		return nil
	}
	s.header.changes++
	if _, err := s.file.WriteAt(s.header.encode(), 0); err != nil {
		return err
	}
	for _, erasure := range list {
		e := s.entries[parseKeyID(erasure.Key)]
		if e == nil || e.state == to {
			continue
		}
		e.state, e.erasure = to, erasure.At
		if _, err := s.file.WriteAt(e.encode(), s.at[e.id]); err != nil {
			return err
		}
		if s.byID[e.id] != nil {
			delete(s.byID, e.id)
			delete(s.keys, e.person)
		}
	}
	return s.file.Sync()
}

func sortErasures(list []chain.Erasure) {
	slices.SortFunc(list, func(a, b chain.Erasure) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Key, b.Key))
	})
}
