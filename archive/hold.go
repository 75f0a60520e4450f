package archive

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/seal"
)

// PlaceHold asks the writer of an archive to place a hold, and returns the hold's id. The
// request is a file that is signed with the archive's key. The next seal states the hold and
// nothing expires before, so the archive may be open for writing.
func PlaceHold(ctx context.Context, location string, keys Keys, h Hold) (id string, err error) {
	if err := h.Validate(); err != nil {
		return "", fmt.Errorf("hold: %w", err)
	}
	if h.Reason == "" {
		return "", errors.New("hold: give the reason")
	}
	h.ID, h.PlacedAt = strings.ToLower(rand.Text()[:12]), time.Now().UTC().Truncate(time.Second)
	return h.ID, postHold(ctx, location, keys, h.ID+"-place", chain.HoldRequest{Place: &h})
}

// MatchesHold reports whether a hold keeps anything that is in the archive.
func MatchesHold(ctx context.Context, location string, h Hold) (matches bool, err error) {
	v, err := OpenView(ctx, location)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	return seal.Matches(ctx, v.store, h)
}

// ReleaseHold asks the writer of an archive to release a hold for a reason.
func ReleaseHold(ctx context.Context, location string, keys Keys, id, reason string) error {
	if reason == "" {
		return errors.New("hold: give the reason")
	}
	sealed, pending, err := Holds(ctx, location, keys)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(append(sealed, pending...), func(h Hold) bool { return h.ID == id }) {
		return fmt.Errorf("hold: the archive %s has no hold %q that was placed by a request", location, id)
	}
	return postHold(ctx, location, keys, id+"-release", chain.HoldRequest{Release: id, Reason: reason})
}

// Holds returns the holds that the newest seal states, configured ones among them, and
// those that the next seal will state because of a request.
func Holds(ctx context.Context, location string, keys Keys) (sealed, pending []Hold, err error) {
	v, err := OpenView(ctx, location)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	last, err := lastEntry(ctx, v.store)
	if err != nil {
		return nil, nil, err
	}
	requests, err := chain.HoldRequests(ctx, v.store, last.Archive, keys)
	for _, r := range requests {
		if r.Invalid == nil && r.Place != nil && !slices.ContainsFunc(last.Holds, func(h Hold) bool { return h.ID == r.Place.ID }) {
			pending = append(pending, *r.Place)
		}
	}
	return last.Holds, pending, err
}

func lastEntry(ctx context.Context, s blobstore.Store) (*Seal, error) {
	name, err := chain.Last(ctx, s)
	if err != nil {
		return nil, err
	}
	if name == "" {
		return nil, fmt.Errorf("archive %s has no chain of seals, so nothing expires and nothing can be held", s)
	}
	return chain.Read(ctx, s, name)
}

func postHold(ctx context.Context, location string, keys Keys, name string, r chain.HoldRequest) (err error) {
	v, err := OpenView(ctx, location)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	last, err := lastEntry(ctx, v.store)
	if err != nil {
		return err
	}
	r.Archive, r.At = last.Archive, time.Now().UTC().Truncate(time.Second)
	text, err := r.Sign(keys[0])
	if err != nil {
		return err
	}
	if err := v.store.Post(ctx, path.Join(layout.HoldsDir, name+".json"), text); err != nil {
		return fmt.Errorf("hold: %w", err)
	}
	return nil
}
