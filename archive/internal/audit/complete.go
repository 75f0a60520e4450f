package audit

import (
	"context"

	"github.com/provtrail/provtrail/archive/internal/completeness"
	"github.com/provtrail/provtrail/archive/internal/layout"
)

// checkCompleteness compares the documents in the archive with the statements in it, and
// reports the hours of the required period that are not complete.
func (v *verifier) checkCompleteness(ctx context.Context) error {
	first := layout.Hour(0)
	for name := range v.chain.expired { // of the hours up to these, documents may be gone
		if f, ok := layout.ParseData(name); ok {
			first = max(first, f.Hour+1)
		}
	}
	if !v.opt.CompleteFrom.IsZero() {
		first = max(first, layout.HourOf(v.opt.CompleteFrom))
	}
	found, err := completeness.Check(ctx, v.store, v.intact, first)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		found = &completeness.Result{NotShown: err.Error()}
	}
	v.Completeness = found
	if v.opt.CompleteFrom.IsZero() && v.opt.CompleteTo.IsZero() {
		return nil
	}
	if found.NotShown != "" {
		v.blame(Incomplete, layout.ReconciliationsDir, "completeness is not shown: %s", found.NotShown)
	}
	for i := range found.Incomplete {
		if h := &found.Incomplete[i]; h.Overlaps(v.opt.CompleteFrom, v.opt.CompleteTo) {
			v.blame(Incomplete, h.String(), "%s", h.Problem)
		}
	}
	for i := range found.Feeds {
		f := &found.Feeds[i]
		from, to := v.opt.CompleteFrom, v.opt.CompleteTo
		if !from.IsZero() && f.Since.After(from) || !to.IsZero() && !f.Since.Before(to) {
			v.blame(Incomplete, f.Tenant+" "+f.Feed, "there is no statement before %s", layout.HourOf(f.Since))
		}
		if f.StatedUntil.Before(to) || f.Hours == 0 {
			v.blame(Incomplete, f.Tenant+" "+f.Feed, "there is no statement from %s on", layout.HourOf(f.StatedUntil))
		}
	}
	return nil
}
