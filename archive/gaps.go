package archive

import (
	"context"
	"time"
)

const (
	gapsName = "_gaps.json"
	// AlivePeriod is how often a process that keeps an archive open calls Alive.
	AlivePeriod = 30 * time.Second
	// A silence is a gap when it is longer than any process needs to restart.
	leastGap = 4 * AlivePeriod
)

// Alive notes that a process keeps watch over the archive: hours in which none did
// are sealed as gaps.
func (a *Archive) Alive(ctx context.Context) error { return a.store.alive(ctx) }

// noteGap keeps the silence since the last call of Alive until its hours are sealed.
func (a *Archive) noteGap(ctx context.Context, since time.Time) error {
	if !since.IsZero() && a.opened.Sub(since) > leastGap {
		var gaps []Period
		if err := a.getJSON(ctx, gapsName, &gaps); err != nil {
			return err
		}
		gaps = append(gaps, Period{From: since, To: a.opened.UTC()})
		if err := a.putJSON(ctx, gapsName, gaps); err != nil {
			return err
		}
	}
	return a.Alive(ctx)
}

// gapsOf returns the part of the gaps that lies in the hour and forgets those that
// ended before it.
func (a *Archive) gapsOf(ctx context.Context, hour Hour) (within []Period, err error) {
	var gaps, open []Period
	if err := a.getJSON(ctx, gapsName, &gaps); err != nil || len(gaps) == 0 {
		return nil, err
	}
	start, end := hour.Start(), (hour + 1).Start()
	for _, g := range gaps {
		if g.To.After(start) {
			open = append(open, g)
		}
		g.From, g.To = latest(g.From, start), earliest(g.To, end)
		if g.From.Before(g.To) {
			within = append(within, g)
		}
	}
	if len(open) == len(gaps) {
		return within, nil
	}
	return within, a.putJSON(ctx, gapsName, open)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
