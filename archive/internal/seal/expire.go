package seal

import (
	"context"
	"slices"
	"time"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// Hold keeps the files of a tenant and period, whatever the retention (a legal hold).
type Hold struct {
	Tenant string    // empty: all tenants, quarantined data and reconciliations
	From   time.Time // zero: from the beginning
	To     time.Time // zero: without end
}

func (h *Hold) keeps(f layout.DataFile) bool {
	return (h.Tenant == "" || layout.TenantDir(h.Tenant) == f.Dir) &&
		(h.From.IsZero() || (f.Hour + 1).Start().After(h.From)) &&
		(h.To.IsZero() || f.Hour.Start().Before(h.To))
}

// nextRetention is what the next seal states.
func (s *Sealer) nextRetention(now time.Time) *chain.Retention {
	return s.head.retention.Next(s.opt.Retention, s.opt.RetentionNotice, now)
}

// expiring lists the sealed files that are older than the retention and not held. A file
// that no seal lists is not removed but left for verification to find.
func (s *Sealer) expiring(ctx context.Context) (expired []string, err error) {
	now := s.opt.Clock.Now()
	retention := s.nextRetention(now).Duration()
	if retention == 0 {
		return nil, nil
	}
	oldest := now.Add(-retention)
	list, err := blobstore.DataFiles(ctx, s.store)
	if err != nil {
		return nil, err
	}
	seals := map[layout.Hour]*chain.Seal{}
	for _, f := range list {
		if (f.Hour + 1).Start().After(oldest) || f.Hour > s.head.last {
			break // sorted by hour
		}
		if slices.ContainsFunc(s.opt.Holds, func(h Hold) bool { return h.keeps(f) }) {
			continue
		}
		seal, read := seals[f.Hour]
		if !read {
			if seal, err = chain.Read(ctx, s.store, layout.SealName(f.Hour)); err != nil {
				seal = nil // an unreadable seal lists nothing
			}
			seals[f.Hour] = seal
		}
		if seal != nil && seal.File(f.Name) != nil {
			expired = append(expired, f.Name)
		}
	}
	return expired, nil
}
