// Package quarantine works on records that could not be understood or stored: it reads them
// from an archive or from ClickHouse, selects and shows them, and writes their texts back to
// where the file feed reads them again.
package quarantine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// ErrNothing is returned where no record is selected, so that a script notices.
var ErrNothing = errors.New("no quarantined record matches")

// Query says where the quarantine is read and which of its records are meant. Text
// conditions are substrings, in any case; an empty condition holds for every record.
type Query struct {
	Archive    string // directory of an archive, or a bucket's address
	ClickHouse string // address of ClickHouse's HTTP interface; read instead of the archive when set

	Since, Until time.Time // from Since to before Until; zero: no bound
	Tenant, Feed string    // exactly
	Reason, File string
	IDs          []string // whole event ids or their first digits
}

// Select returns the records that the query means, each once, oldest first. First digits
// that no id or several ids begin with are an error.
func Select(ctx context.Context, query Query) ([]*record.Quarantined, error) {
	var err error
	if query.IDs, err = parseIDs(query.IDs); err != nil {
		return nil, err
	}
	seen := map[provisioning.ID]bool{}
	var out []*record.Quarantined
	take := func(q *record.Quarantined) {
		if !seen[q.EventID] && query.matches(q) {
			seen[q.EventID] = true
			out = append(out, q)
		}
	}
	if query.ClickHouse != "" {
		err = readClickHouse(ctx, query.ClickHouse, query.Since, query.Until, take)
	} else {
		err = readArchive(ctx, query.Archive, take)
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b *record.Quarantined) int {
		return cmp.Or(cmp.Compare(a.ObservedAt, b.ObservedAt), cmp.Compare(a.Position, b.Position))
	})
	return out, unambiguous(query.IDs, out)
}

func parseIDs(ids []string) (out []string, err error) {
	for _, id := range ids {
		id = strings.ToLower(id)
		if len(id) < 4 || strings.Trim(id, "0123456789abcdef") != "" {
			return nil, fmt.Errorf("%q is no id: give at least its first 4 hex digits, as `provtrail quarantine list` shows them", id)
		}
		out = append(out, id)
	}
	return out, nil
}

func (q *Query) matches(r *record.Quarantined) bool {
	at := r.ObservedAt.AsTime()
	return (q.Since.IsZero() || !at.Before(q.Since)) && (q.Until.IsZero() || at.Before(q.Until)) &&
		(q.Tenant == "" || r.Tenant == q.Tenant) && (q.Feed == "" || string(r.Feed) == q.Feed) &&
		containsFold(r.Reason, q.Reason) && containsFold(r.File, q.File) &&
		(len(q.IDs) == 0 || slices.ContainsFunc(q.IDs, func(id string) bool { return strings.HasPrefix(r.EventID.String(), id) }))
}

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

func unambiguous(ids []string, found []*record.Quarantined) (err error) {
	for _, id := range ids {
		n := 0
		for _, q := range found {
			if strings.HasPrefix(q.EventID.String(), id) {
				n++
			}
		}
		switch {
		case n == 0:
			err = errors.Join(err, fmt.Errorf("%w: %s", ErrNothing, id))
		case n > 1:
			err = errors.Join(err, fmt.Errorf("%d records begin with %s: give more digits", n, id))
		}
	}
	return err
}
