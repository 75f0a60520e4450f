package seal

import (
	"context"
	"time"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// RecordGap keeps a time in which no process wrote the archive until its hours are
// sealed.
func RecordGap(ctx context.Context, s blobstore.Store, gap chain.Period) error {
	var gaps []chain.Period
	if err := blobstore.ReadJSON(ctx, s, layout.GapsName, &gaps); err != nil {
		return err
	}
	return blobstore.PutJSON(ctx, s, layout.GapsName, append(gaps, gap))
}

// gapsOf returns the part of the gaps that lies in the hour and forgets gaps that ended
// before the hour.
func gapsOf(ctx context.Context, s blobstore.Store, hour layout.Hour) (within []chain.Period, err error) {
	var gaps, open []chain.Period
	if err := blobstore.ReadJSON(ctx, s, layout.GapsName, &gaps); err != nil || len(gaps) == 0 {
		return nil, err
	}
	start, end := hour.Start(), (hour + 1).Start()
	for _, g := range gaps {
		if g.To.After(start) {
			open = append(open, g)
		}
		if g.From = later(g.From, start); g.To.After(end) {
			g.To = end
		}
		if g.From.Before(g.To) {
			within = append(within, g)
		}
	}
	if len(open) == len(gaps) {
		return within, nil
	}
	return within, blobstore.PutJSON(ctx, s, layout.GapsName, open)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
