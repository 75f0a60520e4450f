package provisioningprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/clock"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
	"github.com/provtrail/provtrail/provisioning"
)

// The flags for stalled and overdue activities and the retention go by a time that a jump
// of the machine's clock does not move: a clock that is ahead for a minute must not flag
// everything that is open, nor forget groups whose next observation would then be folded
// from nothing.

// patience is how long a clock that is ahead of the believed time goes unopposed by the
// vendor's times until it is believed: after a long standstill of an idle tenant.
const patience = 24 * time.Hour

// heartbeat is how often the believed time is stored while nothing else is.
const heartbeat = time.Minute

func (c *correlator) timestamp() pcommon.Timestamp { return pcommon.NewTimestampFromTime(c.now()) }

// received takes the vendor's times of a batch as evidence of the time, and returns the
// time. Observations that were received by a clock that has jumped ahead get that time:
// where the vendor gives none, the receipt orders a group's observations.
func (c *correlator) received(observations []provisioning.Observation) pcommon.Timestamp {
	if !c.clock.Late() {
		return c.timestamp()
	}
	for i := range observations {
		if at := observations[i].OccurredAt; at != 0 {
			c.clock.Saw(at.AsTime())
		}
	}
	now := c.timestamp()
	if !c.clock.Jumped() {
		return now
	}
	received := now - now%1000 // the stores keep microseconds
	for i := range observations {
		o := &observations[i]
		o.ObservedAt = min(o.ObservedAt, received)
	}
	return now
}

// latestMoment is no earlier than anything that was emitted until now, whichever clock is
// right.
func (c *correlator) latestMoment() uint64 {
	return max(uint64(c.timestamp()), uint64(pcommon.NewTimestampFromTime(c.clock.Wall())))
}

// continueClock makes the time at which the last process was alive the believed one. A
// clock that is behind it is believed: nothing expires early by it.
func (c *correlator) continueClock(alive uint64) {
	if last := pcommon.Timestamp(alive).AsTime(); alive != 0 && last.Before(c.clock.Wall()) {
		c.clock.Continue(last)
	}
}

// beat stores the believed time.
func (c *correlator) beat(ctx context.Context) error {
	c.commits.Lock()
	defer c.commits.Unlock()
	if c.stale {
		return nil // the next transaction reads the meta and stores it
	}
	m := c.meta(c.reservedEpoch.Load())
	return c.store.Commit(ctx, &store.Batch{Meta: m.encode()})
}

// logSkew logs that the machine's clock is not believed, and when it is again. It returns whether it
// is not.
func (c *correlator) logSkew(skewed bool) bool {
	err := c.clock.Skew()
	switch {
	case err != nil && !skewed:
		c.logger.Warn("The clock of this machine is not believed: activities are flagged and states expire by the believed time, until the clock is right, the vendor's times agree with it, or for a day nothing speaks against it.",
			zap.Error(err), zap.Duration("followed_without_evidence_up_to", clock.Tolerance))
	case err == nil && skewed:
		c.logger.Info("The clock of this machine is believed again.", zap.Time("now", c.now()))
	}
	return err != nil
}
