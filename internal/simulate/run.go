package simulate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/truth"
)

// Summary is what a run wrote.
type Summary struct {
	Groups    int
	Documents int
	ByFeed    map[string]int
	Elapsed   time.Duration
}

// Run writes what the options ask for: the past period as fast as it can, then,
// if live, in real time until ctx ends. The ground truth is complete when it
// returns, and in live runs at most a second behind the documents.
func Run(ctx context.Context, o Options) (Summary, error) {
	began := time.Now()
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := o.Validate(); err != nil {
		return Summary{}, err
	}
	r, err := newRunner(o)
	if err != nil {
		return Summary{}, err
	}
	err = r.past(ctx)
	if err == nil && o.PastWritten != nil {
		err = errors.Join(r.state(), o.PastWritten())
	}
	if err == nil && o.Live {
		err = r.live(ctx)
	}
	err = errors.Join(err, r.close())
	r.summary.Elapsed = time.Since(began)
	return r.summary, err
}

type runner struct {
	Options
	tenant  *model.Tenant
	planner planner
	queue   queue
	files   [4]*feedFile
	truth   *truth.Writer
	hours   *truth.Hours
	changed []*openGroup // whose truth is to be stated again
	summary Summary
}

func newRunner(o Options) (*runner, error) {
	if err := fresh(&o); err != nil {
		return nil, err
	}
	var start uint64 // the revision before that of the first row
	if o.Append {
		start = uint64(o.Now().UnixMilli()) * 1000
	}
	rows, err := truth.NewWriter(o.Truth(), start)
	if err != nil {
		return nil, err
	}
	hours, err := truth.NewHours(o.Truth())
	if err != nil {
		return nil, errors.Join(err, rows.Close())
	}
	r := &runner{Options: o, tenant: o.NewTenant(), truth: rows, hours: hours, summary: Summary{ByFeed: map[string]int{}}}
	r.planner = newPlanner(&o, r.tenant, rows.Names)
	for i, feed := range Feeds {
		if !r.planner.feeds[i] {
			continue
		}
		f, err := newFeedFile(o.Inbox(), feed, o.FileSize)
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
		r.files[i] = f
	}
	return r, nil
}

// fresh refuses a folder that holds an earlier run: two truths would mix.
func fresh(o *Options) error {
	if o.Append {
		return nil
	}
	for _, dir := range []string{o.Inbox(), o.Truth()} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if len(entries) > 0 {
			return fmt.Errorf("%s holds an earlier run; nothing was written: remove %s, choose another folder, or append to it on purpose", dir, o.Out)
		}
	}
	return nil
}

// past writes the period hour by hour, so that memory holds no more than the
// groups that are still open.
func (r *runner) past(ctx context.Context) error {
	from, to := r.From.UTC(), r.To.UTC()
	bar := progressBar(r.Progress, from, to)
	defer func() { _ = bar.Finish() }() // a bar that cannot be drawn is no reason to stop
	if r.Stories {
		for _, story := range r.tenant.Stories(to.UnixMilli()) {
			for _, g := range story.Groups {
				if g.Created >= from.UnixMilli() {
					r.begin(g)
				}
			}
		}
	}
	for hour := from.Truncate(time.Hour); hour.Before(to); hour = hour.Add(time.Hour) {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, g := range r.tenant.Hour(hour, r.GroupsPerDay) {
			if g.Created >= from.UnixMilli() && g.Created < to.UnixMilli() {
				r.begin(g)
			}
		}
		if err := r.drain(min(hour.Add(time.Hour).UnixMilli(), to.UnixMilli())); err != nil {
			return err
		}
		bar.Describe(fmt.Sprintf("simulating: %d documents", r.summary.Documents))
		_ = bar.Add(1)
	}
	return nil
}

func (r *runner) begin(g *model.Group) {
	_, list := r.planner.plan(g)
	r.queue.add(list)
	r.summary.Groups++
}

// drain writes every document due before the time.
func (r *runner) drain(before int64) error {
	for {
		d, ok := r.queue.next(before)
		if !ok {
			return nil
		}
		if err := r.files[d.feed].write(d.at, r.planner.render(&d)); err != nil {
			return err
		}
		r.summary.Documents++
		r.summary.ByFeed[Feeds[d.feed]]++
		g := d.group
		if created, first := g.first(&d); first {
			r.hours.Add(Feeds[d.feed], created)
		}
		g.left--
		switch {
		case g.left == 0:
			g.changed = false
			if err := r.truth.Write(g.ledger); err != nil {
				return err
			}
		case !g.changed:
			g.changed = true
			r.changed = append(r.changed, g)
		}
		if len(r.changed) > 1<<16 {
			r.forget()
		}
	}
}

// forget drops from the list of changed groups those whose truth was stated.
func (r *runner) forget() {
	kept := r.changed[:0]
	for _, g := range r.changed {
		if g.changed {
			kept = append(kept, g)
		}
	}
	clear(r.changed[len(kept):])
	r.changed = kept
}

// state states the truth of every group that changed, after its documents.
func (r *runner) state() error {
	for _, f := range r.files {
		if f == nil {
			continue
		}
		if err := f.flush(); err != nil {
			return err
		}
	}
	for _, g := range r.changed {
		if g.changed {
			g.changed = false
			if err := r.truth.Write(g.ledger); err != nil {
				return err
			}
		}
	}
	clear(r.changed)
	r.changed = r.changed[:0]
	return errors.Join(r.hours.Flush(), r.truth.Flush())
}

func (r *runner) close() error {
	err := r.state()
	for _, f := range r.files {
		if f != nil {
			err = errors.Join(err, f.close())
		}
	}
	return errors.Join(err, r.hours.Close(), r.truth.Close())
}
