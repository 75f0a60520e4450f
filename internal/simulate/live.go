package simulate

import (
	"context"
	"time"
)

// live goes on in real time until ctx ends: every second new groups begin, and
// what is due of all open ones is written.
func (r *runner) live(ctx context.Context) error {
	if r.LiveFor > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.LiveFor)
		defer cancel()
	}
	if err := r.state(); err != nil {
		return err
	}
	next := r.To.UTC()
	if start := r.Now().UTC(); next.IsZero() || start.Sub(next) > time.Minute {
		next = start
	}
	next = next.Truncate(time.Second).Add(time.Second)
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	carry := 0.0
	for {
		now := r.Now().UTC()
		for ; !next.After(now); next = next.Add(time.Second) {
			carry += r.perSecond(next)
			for i := 0; carry >= 1; i++ {
				carry--
				r.begin(r.tenant.Moment(next, i))
			}
		}
		if err := r.drain(now.UnixMilli()); err != nil {
			return err
		}
		if err := r.state(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func (r *runner) perSecond(at time.Time) float64 {
	if r.Rate > 0 {
		return r.Rate
	}
	return r.tenant.Expected(at, r.GroupsPerDay) / 3600
}
