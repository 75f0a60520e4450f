package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/provtrail/provtrail/archive"
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
	err = await(ctx, r.o.timeout, func() error {
		// The stores are asked, which costs as much as filling them, once nothing is on its way.
		if queued, err := r.collector.queued(ctx); err != nil || queued > 0 {
			return errDiffers
		}
		v, err := r.check(ctx, e)
		if err != nil {
			sleep(ctx, time.Second)
			return err
		}
		r.verdict = before.plus(v)
		if v.sum() != differing {
			differing, changed = v.sum(), time.Now()
		}
		if v.sum() > 0 {
			sleep(ctx, time.Second)
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
	cancel()
	<-ended
	if err := r.collector.stop(); err != nil {
		r.wrong("stop: " + err.Error())
	}
	r.Kills, r.Own, r.Engine = r.collector.kills, r.collector.own, r.engine.kills
	r.OwnCH = r.engine.own
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
	dir := filepath.Join(r.disks.path("archive"), "data")
	keys, err := archive.LoadKeys(dir + "-signing-key.pem")
	if err != nil {
		return err
	}
	var ahead time.Duration
	a, err := archive.Open(ctx, dir, archive.Options{Keys: keys, Now: func() time.Time { return time.Now().Add(ahead) }})
	if err != nil {
		return err
	}
	ahead = 2 * time.Hour
	_, err = a.SealDue(ctx)
	if err = errors.Join(err, a.Close()); err != nil { //nolint:contextcheck // it is over
		return fmt.Errorf("seal the archive: %w", err)
	}
	sealed := &verdict{}
	if err := r.compare(ctx, sealed, e, "sealed archive", r.archiveRows(archiveTenants), map[string]int{}); err != nil {
		return err
	}
	r.verdict = sealed.plus(&r.verdict)
	if r.repeats, err = r.doubles(ctx); err != nil {
		return err
	}
	r.Doubled += r.repeats
	verify := exec.Command(r.collector.program, "verify", "--quiet", dir)
	verify.Dir = r.collector.root
	out, err := verify.CombinedOutput()
	if r.Verified = err == nil; !r.Verified {
		r.wrong(fmt.Sprintf("verify: %v\n%s", err, out))
	}
	return nil
}
