package provisioningprocessor

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/state"
)

// loss is which groups a state may have lost. A state that begins where something is stored
// follows one that was deleted.
type loss struct {
	born  pcommon.Timestamp
	known atomic.Bool // lost is known
	lost  atomic.Bool // something was stored when the state began
}

// lossMargin is how far the vendor's clock may be ahead, and how long a collector that was
// killed may have emitted after the state began.
const lossMargin = pcommon.Timestamp(time.Hour)

func (l *loss) begin(m *meta, isNew bool) {
	if isNew {
		m.born, m.lost = m.alive, true
	}
	l.born = pcommon.Timestamp(m.born)
	l.lost.Store(m.lost)
	l.known.Store(!isNew)
}

// asksFor returns which groups the history is asked for. arrived is nil where nothing
// arrived for them.
func (c *correlator) asksFor(ctx context.Context, groups []state.Group, arrived []arrivals) (func(int) bool, error) {
	if c.cfg.HistoryFor == HistoryShared {
		return func(int) bool { return true }, nil
	}
	if arrived == nil {
		return func(int) bool { return false }, nil
	}
	if !c.loss.known.Load() {
		empty, err := c.history.Empty(ctx)
		if err != nil {
			c.failed(ctx, "history", err)
			return nil, fmt.Errorf("asking %s whether something is stored failed: the state is new, and nothing is acknowledged until that is known: %w", c.cfg.History, err)
		}
		switch first := !c.loss.known.Swap(true); {
		case first && empty:
			c.loss.lost.Store(false)
		case first:
			c.logger.Warn("The state is new, and records are stored already: groups of before are read back when something arrives for them. Activities that nothing arrives for are not flagged as stalled or overdue any more.")
		}
	}
	return func(i int) bool {
		return len(groups[i].Observations) == 0 && c.mayBeLost(&arrived[i])
	}, nil
}

// mayBeLost reports whether a group that the state does not have may be stored, by the
// oldest time of what arrived for it.
func (c *correlator) mayBeLost(a *arrivals) bool {
	oldest := pcommon.Timestamp(0)
	for _, o := range a.observations {
		for _, at := range [...]pcommon.Timestamp{o.OccurredAt, o.RequestedAt, o.VendorCreatedAt} {
			if at != 0 && (oldest == 0 || at < oldest) {
				oldest = at
			}
		}
	}
	if c.loss.lost.Load() && oldest < c.loss.born+lossMargin {
		return true
	}
	// One whose retention was over: the state must be that old itself.
	expired := c.timestamp() - pcommon.Timestamp(c.cfg.Retention)
	return c.loss.born < expired && oldest < expired
}
