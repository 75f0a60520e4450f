package archive

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/personal"
	"github.com/provtrail/provtrail/archive/internal/seal"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Subject is who is to be forgotten: an identity, or an account on a source.
type Subject struct {
	Tenant   string // empty: every tenant of the archive
	Identity string // id
	Source   string // id, or name where rows have no id
	Account  string
}

// Validate returns what is missing.
func (s Subject) Validate() error {
	if (s.Identity == "") == (s.Account == "") || (s.Source == "") != (s.Account == "") {
		return errors.New("name the id of an identity, or a source and an account on it")
	}
	return nil
}

// Person is a person as the key store has them: an identity of a tenant, or an account on a
// source where rows name no identity.
type Person = personal.Person

// Erasure is the destroyed key of a person.
type Erasure = chain.Erasure

// Found is what a key store and an archive have of a subject.
type Found struct {
	// Persons have keys, which Forget destroys: the identity, and accounts that rows of the
	// identity name, whose other rows name no identity.
	Persons []Person
	// Before are keys of the subject that were destroyed earlier.
	Before []Erasure
	// Held are the holds that keep rows of the persons, or name the identity: Forget refuses.
	Held []Hold
	// Rows is how many readable rows the archive has of the persons. A row that is in two
	// files of an open hour counts twice.
	Rows int64
}

// OpenForgetting opens a key store so that persons can be forgotten.
func OpenForgetting(path string) (*PersonalKeys, error) { return personal.Open(path) }

// FindPersonal reads the whole archive for what it has of a subject. The archive may be
// written meanwhile.
func FindPersonal(ctx context.Context, location string, keys *PersonalKeys, subject Subject) (found *Found, err error) {
	if err := subject.Validate(); err != nil {
		return nil, err
	}
	v, err := OpenView(WithPersonalKeys(ctx, keys), location)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	holds, err := holdsOf(ctx, v)
	if err != nil {
		return nil, err
	}
	s := search{view: v, holds: holds, held: map[Person][]Hold{}, subject: subject, found: &Found{}, persons: map[Person]int64{}, accounts: map[Person]bool{}}
	if err := s.tenants(ctx); err != nil {
		return nil, err
	}
	if err := s.files(ctx); err != nil {
		return nil, err
	}
	return s.conclude(keys)
}

type search struct {
	view     *View
	subject  Subject
	found    *Found
	holds    []Hold
	held     map[Person][]Hold // holds that keep a row
	persons  map[Person]int64  // and their rows
	accounts map[Person]bool   // of the identity
}

// tenants begins with the subject in each tenant: a row that was erased does not show whose
// it is.
func (s *search) tenants(ctx context.Context) error {
	names, err := s.view.store.Names(ctx, "")
	if err != nil {
		return err
	}
	tenants := []string{s.subject.Tenant}
	if s.subject.Tenant == "" {
		tenants = nil
		for _, dir := range names {
			if layout.IsTenantDir(dir) {
				tenants = append(tenants, layout.Tenant(dir))
			}
		}
	}
	for _, tenant := range tenants {
		s.persons[s.subject.in(tenant)] = 0
	}
	return nil
}

func (s Subject) in(tenant string) Person {
	return Person{Tenant: tenant, Identity: s.Identity, Source: s.Source, Account: strings.ToLower(s.Account)}
}

// forgetColumns say whom a row is about.
var forgetColumns = append([]string{"tenant", "source_id", "source_name", "occurred_at", "observed_at", "event_id"}, seal.HoldColumns...)

// files counts the rows of the subject and notes the accounts of its identity.
func (s *search) files(ctx context.Context) error {
	counts := map[Person]int64{}
	done := map[string]bool{}
	if err := s.view.EachFile(ctx, done, func(list []DataFile) (complete bool, err error) {
		complete = true
		for _, f := range list {
			if f.Activities() {
				err = s.view.Batches(ctx, f, Selection{Columns: forgetColumns, Activity: func(r *record.Record) bool { s.row(f, r, counts); return false }}, nil)
			}
			switch {
			case errors.Is(err, fs.ErrNotExist):
				complete, err = false, nil // it was merged into another file
			case err != nil:
				return false, err
			default:
				done[f.Name] = true
			}
		}
		return complete, nil
	}); err != nil {
		return err
	}
	for p, n := range counts {
		if _, wanted := s.persons[p]; wanted {
			s.persons[p] = n
		}
	}
	for p := range s.accounts {
		s.persons[p] = counts[p]
	}
	return nil
}

func (s *search) row(f DataFile, r *record.Record, counts map[Person]int64) {
	p := personal.Of(r)
	if s.subject.Tenant != "" && r.Tenant != s.subject.Tenant {
		return
	}
	for _, h := range s.holds {
		if seal.Holds(&h, f, r) && !slices.Contains(s.held[p], h) {
			s.held[p] = append(s.held[p], h)
		}
	}
	switch {
	case p == s.subject.in(p.Tenant):
		counts[p]++
		s.persons[p] = 0
		if p.Identity != "" && r.AccountID != "" {
			alone := *r
			alone.IdentityID = ""
			s.accounts[personal.Of(&alone)] = true
		}
	case p.Identity == "" && p.Account != "":
		counts[p]++
	}
}

func (s *search) conclude(keys *PersonalKeys) (*Found, error) {
	var persons []Person
	for p := range s.persons {
		persons = append(persons, p)
	}
	slices.SortFunc(persons, func(a, b Person) int { return strings.Compare(a.String(), b.String()) })
	have, before, err := keys.Find(persons)
	if err != nil {
		return nil, err
	}
	s.found.Persons, s.found.Before = have, before
	for _, h := range s.holds {
		if h.Identity != "" && strings.EqualFold(h.Identity, cmp.Or(s.subject.Identity, s.subject.Account)) {
			s.found.Held = append(s.found.Held, h)
		}
	}
	for _, p := range have {
		for _, h := range s.held[p] {
			if !slices.Contains(s.found.Held, h) {
				s.found.Held = append(s.found.Held, h)
			}
		}
		s.found.Rows += s.persons[p]
	}
	return s.found, nil
}

// HeldError says that a person is not forgotten because of holds.
type HeldError struct{ Holds []Hold }

func (e *HeldError) Error() string {
	var list []string
	for _, h := range e.Holds {
		text := "of the configuration"
		if h.ID != "" {
			text = h.ID
		}
		list = append(list, fmt.Sprintf("hold %s (%s)", text, h))
	}
	return fmt.Sprintf("the person is held by %s: nothing was forgotten; a hold of the archive is released with provtrail archive hold", strings.Join(list, "; "))
}

// holdsOf returns the holds in force, and those that are asked for and no seal states yet.
func holdsOf(ctx context.Context, v *View) (holds []Hold, err error) {
	name, err := chain.Last(ctx, v.store)
	if err != nil || name == "" {
		return nil, err
	}
	last, err := chain.Read(ctx, v.store, name)
	if err != nil {
		return nil, err
	}
	holds = slices.Clone(last.Holds)
	requests, err := chain.HoldRequests(ctx, v.store, last.Archive, nil)
	for _, r := range requests {
		// Who signed the request does not matter here: it is not ignored in favour of erasure.
		if r.Place != nil && !slices.Contains(holds, *r.Place) {
			holds = append(holds, *r.Place)
		}
	}
	return holds, err
}

// Forget destroys the keys of persons. What was written of them cannot be read any more, in
// the archive and in every copy of it. The next seal states it. Forgetting them again does
// nothing.
func Forget(keys *PersonalKeys, found *Found, now time.Time) ([]Erasure, error) {
	if len(found.Held) > 0 {
		return nil, &HeldError{found.Held}
	}
	done, err := keys.Forget(found.Persons, now)
	if err != nil {
		return nil, fmt.Errorf("forget: %w", err)
	}
	return done, nil
}
