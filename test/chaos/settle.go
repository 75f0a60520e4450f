package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// settle ends all faults, lets the pipeline read what there is to read, and compares.
func (r *run) settle(ctx context.Context) error {
	begun := time.Now()
	if err := errors.Join(r.vendor.faults(ctx, none()), r.vendor.freeze(ctx)); err != nil {
		return err
	}
	// What appeared late since the long look back is looked for after a start.
	if err := r.collector.stop(); err != nil {
		r.wrong("stop: " + err.Error())
	}
	if err := r.setAside(); err != nil {
		return err
	}
	keeping, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.collector.run(keeping)
	}()
	defer func() {
		cancel()
		<-ended
	}()
	e, err := expect(r.vendor, r.relay, r.feeder)
	if err != nil {
		return err
	}
	r.Required, r.Triggers = len(e.required), len(r.relay.accepted)
	before := r.verdict
	differing, changed := -1, begun // how many facts differ, and since when
	err = blackbox.Await(ctx, r.o.timeout, func() error {
		// The stores are asked, which costs as much as filling them, once nothing is on its way.
		if queued, err := r.collector.queued(ctx); err != nil || queued > 0 {
			return errDiffers
		}
		v, err := r.check(ctx, e)
		if err != nil {
			blackbox.Sleep(ctx, time.Second)
			return err
		}
		r.verdict = before.plus(v)
		if v.sum() != differing {
			differing, changed = v.sum(), time.Now()
		}
		if v.sum() > 0 && (!r.damage.any() || time.Since(changed) < stillChanging) {
			blackbox.Sleep(ctx, time.Second)
			return errDiffers
		}
		return nil
	})
	if errors.Is(err, errDiffers) {
		err = r.unsettled(ctx, differing, changed)
	}
	if err != nil {
		return err
	}
	r.Settled = time.Since(begun).Round(time.Second)
	if r.damage.any() {
		r.verdict = before // what differs until it is repaired does not count
	}
	cancel()
	<-ended
	if err := r.collector.stop(); err != nil {
		r.wrong("stop: " + err.Error())
	}
	r.Kills, r.Own, r.Engine = r.collector.kills, r.collector.own, r.engine.kills
	r.OwnCH = r.engine.own
	if r.damage.any() {
		if err := r.repair(ctx, e); err != nil {
			return err
		}
	}
	return r.seal(ctx, e)
}

// stillChanging is how long the differences must stand before they count.
const stillChanging = 30 * time.Second

// unsettled is the error of a run that ended while the pipeline was still busy: what is not
// in the stores by then is late, which is not the same as lost.
func (r *run) unsettled(ctx context.Context, differing int, changed time.Time) error {
	queued, err := r.collector.queued(ctx)
	if err == nil && queued == 0 && time.Since(changed) >= stillChanging {
		return nil
	}
	return fmt.Errorf("the run did not settle within %s, so nothing is known of %d facts that differ "+
		"(%.0f items in the exporters' queues, %v; last change %s ago); allow it longer with -timeout",
		r.o.timeout, differing, queued, err, time.Since(changed).Round(time.Second))
}

var errDiffers = errors.New("the stores differ from the truth")

func (v *verdict) plus(more *verdict) verdict {
	sum := *more
	sum.Lost, sum.Doubled, sum.Wrong = v.Lost+more.Lost, v.Doubled+more.Doubled, v.Wrong+more.Wrong
	sum.differences = append(append([]string(nil), v.differences...), more.differences...)
	return sum
}

// seal seals the archive's hours, as if they were over, and verifies the archive as a
// user does. Nothing may stand in it twice then.
func (r *run) seal(ctx context.Context, e *expected) error {
	err := r.sealAll(ctx)
	if err != nil {
		return err
	}
	sealed := &verdict{}
	if err := r.compare(ctx, sealed, e, "sealed archive", r.archiveActivities(), map[string]int{}); err != nil {
		return err
	}
	r.verdict = sealed.plus(&r.verdict)
	if r.repeats, err = r.doubles(ctx); err != nil {
		return err
	}
	r.Doubled += r.repeats
	err = r.verify(ctx)
	if r.Verified = err == nil; !r.Verified {
		r.wrong(err.Error())
	}
	return nil
}
