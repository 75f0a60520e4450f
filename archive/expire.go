package archive

import (
	"context"
	"slices"
	"time"
)

// Hold keeps the files of a tenant that lie in a period, whatever the retention.
type Hold struct {
	Tenant string    // empty: all tenants, and quarantined data
	From   time.Time // zero: from the beginning
	To     time.Time // zero: without end
}

func (h *Hold) keeps(f DataFile) bool {
	return (h.Tenant == "" || tenantDir(h.Tenant) == f.Dir) &&
		(h.From.IsZero() || (f.Hour + 1).Start().After(h.From)) &&
		(h.To.IsZero() || f.Hour.Start().Before(h.To))
}

// expiring lists the sealed files that are older than the retention and not held.
// Only what a seal lists is removed: a file that was slipped in stays for verify to
// find.
func (a *Archive) expiring(ctx context.Context) (expired []string, err error) {
	if a.opt.Retention <= 0 {
		return nil, nil
	}
	oldest := a.now().Add(-a.opt.Retention)
	list, err := files(ctx, a.store, "")
	if err != nil {
		return nil, err
	}
	seals := map[Hour]*seal{}
	for _, f := range list {
		if (f.Hour + 1).Start().After(oldest) || f.Hour > a.chain.last {
			break // sorted by hour
		}
		if slices.ContainsFunc(a.opt.Holds, func(h Hold) bool { return h.keeps(f) }) {
			continue
		}
		s, ok := seals[f.Hour]
		if !ok {
			if text, err := a.store.read(ctx, sealName(f.Hour)); err == nil {
				s, _ = parseSeal(text) // a broken one lists nothing
			}
			seals[f.Hour] = s
		}
		if s != nil && slices.ContainsFunc(s.Files, func(l SealedFile) bool { return l.Name == f.Name }) {
			expired = append(expired, f.Name)
		}
	}
	return expired, nil
}
