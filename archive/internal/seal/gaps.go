package seal

import (
	"context"
	"sync"
	"time"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/internal/clock"
)

// Gap is a time before the start of the writer in which no process wrote the archive.
// Its end becomes known when the writer knows the time.
type Gap struct {
	From time.Time     // last sign of life of the writer before; zero: there was none
	Min  time.Duration // a shorter time is no gap

	mu sync.Mutex
}

// Record keeps the gap, which ends at to, until its hours are sealed. A later call with a
// later end records the rest.
func (g *Gap) Record(ctx context.Context, s blobstore.Store, to time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.From.IsZero() || to.Sub(g.From) <= g.Min {
		return nil
	}
	var gaps []chain.Period
	if err := blobstore.ReadJSON(ctx, s, layout.GapsName, &gaps); err != nil {
		return err
	}
	if err := blobstore.PutJSON(ctx, s, layout.GapsName, append(gaps, chain.Period{From: g.From, To: to.UTC()})); err != nil {
		return err
	}
	g.From = to.UTC()
	return nil
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
		if g.From, g.To = clock.Latest(g.From, start), clock.Earliest(g.To, end); g.From.Before(g.To) {
			within = append(within, g)
		}
	}
	if len(open) == len(gaps) {
		return within, nil
	}
	return within, blobstore.PutJSON(ctx, s, layout.GapsName, open)
}
