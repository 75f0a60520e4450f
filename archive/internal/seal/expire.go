package seal

import (
	"context"
	"time"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// nextRetention is what the next seal states.
func (s *Sealer) nextRetention(now time.Time) *chain.Retention {
	return s.head.retention.Next(s.opt.Retention, s.opt.RetentionNotice, now)
}

// expiring lists the sealed files that are older than the retention and not held. A file
// that no seal lists is not removed but left for verification to find.
func (s *Sealer) expiring(ctx context.Context, holds []chain.Hold) (expired []string, err error) {
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
	seals, holder := map[layout.Hour]*chain.Seal{}, s.holderOf(holds)
	for _, f := range list {
		if (f.Hour + 1).Start().After(oldest) || f.Hour > s.head.last {
			break // sorted by hour
		}
		seal, read := seals[f.Hour]
		if !read {
			if seal, err = chain.Read(ctx, s.store, layout.SealName(f.Hour)); err != nil {
				seal = nil // an unreadable seal lists nothing
			}
			seals[f.Hour] = seal
		}
		if seal == nil || seal.File(f.Name) == nil {
			continue
		}
		held, err := holder.keeps(ctx, s.store, f)
		if err != nil {
			return nil, err
		}
		if !held {
			expired = append(expired, f.Name)
		}
	}
	return expired, nil
}
