package seal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/archive/internal/personal"
	"github.com/provtrail/provtrail/provisioning/record"
)

// nextHolds returns the holds that the next seal states: those that were placed and not
// released, and the configured ones. done are the requests that the seal answers, in the
// order in which they may be removed. refused names requests that are not valid.
func (s *Sealer) nextHolds(ctx context.Context) (holds []chain.Hold, done []string, refused error, err error) {
	holds = slices.Clone(s.head.holds)
	requests, err := chain.HoldRequests(ctx, s.store, s.head.archive, s.opt.Keys)
	if err != nil {
		return nil, nil, nil, err
	}
	var released, releases []string
	for _, r := range requests {
		switch {
		case r.Invalid != nil:
			refused = errors.Join(refused, fmt.Errorf("%s %w: it is ignored; remove the file", r.Name, r.Invalid))
		case r.Place != nil:
			done = append(done, r.Name)
			if !slices.ContainsFunc(holds, func(h chain.Hold) bool { return h.ID == r.Place.ID }) {
				holds = append(holds, *r.Place)
			}
		default:
			released, releases = append(released, r.Release), append(releases, r.Name)
		}
	}
	holds = slices.DeleteFunc(holds, func(h chain.Hold) bool { return slices.Contains(released, h.ID) })
	// A hold whose request to place it is still there would be placed again, were the request
	// to release it removed first.
	return append(holds, s.opt.Holds...), append(done, releases...), refused, nil
}

// holder decides which files are held. What is read of a sealed file is remembered until
// the holds change.
type holder struct {
	keys  *personal.Store // decrypt the files; may be nil
	holds []chain.Hold
	read  map[string]bool // files that were searched for people and groups, and whether one is held
}

func (s *Sealer) holderOf(holds []chain.Hold) *holder {
	if !slices.Equal(s.holder.holds, holds) {
		s.holder = holder{keys: s.opt.Personal, holds: holds, read: map[string]bool{}}
	}
	return &s.holder
}

// holds reports whether a hold keeps a file. A file that cannot be read may have rows that
// are held.
func (h *holder) keeps(ctx context.Context, store blobstore.Store, f layout.DataFile) (bool, error) {
	var named []chain.Hold
	for _, hold := range h.holds {
		if !covers(&hold, f) {
			continue
		}
		if hold.Identity == "" && hold.Group == "" {
			return true, nil
		}
		named = append(named, hold)
	}
	if len(named) == 0 {
		return false, nil
	}
	held, known := h.read[f.Name]
	if !known {
		var err error
		if held, err = h.nameAny(ctx, store, f, named); err != nil {
			return false, err
		}
		h.read[f.Name] = held
	}
	return held, nil
}

// Matches reports whether a hold keeps a file that is there. Without keys every encrypted row
// may be the person's.
func Matches(ctx context.Context, store blobstore.Store, hold chain.Hold) (bool, error) {
	files, err := blobstore.DataFiles(ctx, store)
	if err != nil {
		return false, err
	}
	h := holder{holds: []chain.Hold{hold}, read: map[string]bool{}}
	for _, f := range slices.Backward(files) {
		if held, err := h.keeps(ctx, store, f); held || err != nil {
			return held, err
		}
	}
	return false, nil
}

// covers reports whether the tenant and the period of a hold are those of a file. A hold of a
// person or a group covers quarantined data whatever its tenant, and no reconciliations,
// which name nobody.
func covers(h *chain.Hold, f layout.DataFile) bool {
	ofTenant := h.Tenant == "" || layout.TenantDir(h.Tenant) == f.Dir
	if h.Identity != "" || h.Group != "" {
		ofTenant = ofTenant && f.Activities() || f.Quarantine()
	}
	return ofTenant && (h.From.IsZero() || (f.Hour + 1).Start().After(h.From)) && (h.To.IsZero() || f.Hour.Start().Before(h.To))
}

// nameAny reports whether a row of a file names the person or the group of a hold.
func (h *holder) nameAny(ctx context.Context, store blobstore.Store, f layout.DataFile, holds []chain.Hold) (bool, error) {
	if f.Quarantine() {
		return search(ctx, store, h.keys, f, parquetfile.Quarantine, []string{"original"}, func(q *record.Quarantined) bool {
			text := strings.ToLower(q.Original)
			return q.Original == personal.Encrypted || slices.ContainsFunc(holds, func(h chain.Hold) bool {
				return (h.Identity == "" || strings.Contains(text, strings.ToLower(h.Identity))) &&
					(h.Group == "" || strings.Contains(text, strings.ToLower(h.Group)))
			})
		})
	}
	return search(ctx, store, h.keys, f, parquetfile.Activities, HoldColumns, func(r *record.Record) bool {
		return slices.ContainsFunc(holds, func(h chain.Hold) bool { return names(&h, r) })
	})
}

// names reports whether a row is about the person and the group of a hold.
func names(h *chain.Hold, r *record.Record) bool {
	return one(h.Identity, r.IdentityID, r.IdentityName, r.AccountID, r.RequesterID, r.RequesterName, r.ApproverName) &&
		one(h.Group, r.GroupID, strconv.FormatInt(r.GroupNumber, 10))
}

// HoldColumns are what Holds needs of a row.
var HoldColumns = []string{"identity_id", "identity_name", "account_id", "requester_id", "requester_name", "approver_name", "group_id", "group_number"}

// Holds reports whether a hold keeps a row of a file.
func Holds(h *chain.Hold, f layout.DataFile, r *record.Record) bool {
	return covers(h, f) && names(h, r)
}

// one reports whether a value is the wanted one. A value whose key is not at hand may be it.
func one(wanted string, values ...string) bool {
	return wanted == "" || slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, wanted) || v == personal.Encrypted })
}

// search reports whether a file has a row for which match returns true, or cannot be read.
func search[T any](ctx context.Context, store blobstore.Store, keys *personal.Store, f layout.DataFile, t *parquetfile.Table[T], columns []string, match func(*T) bool) (found bool, err error) {
	content, err := store.Open(ctx, f.Name)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	reader, err := parquetfile.NewReader(t, f.Name, content, columns)
	if err != nil {
		return true, ctx.Err()
	}
	reader.Show = keys.Show
	defer func() { err = errors.Join(err, reader.Close()) }()
	for row, err := range reader.All(ctx) {
		if err != nil {
			return true, ctx.Err()
		}
		if match(row) {
			return true, nil
		}
	}
	return false, nil
}
