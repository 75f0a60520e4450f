package pages

import (
	"context"

	"github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/provisioning"
)

// summaryPage sums up a period.
type summaryPage struct {
	*view
	Overview  *report.Overview
	Tiles     []tile
	Sources   []tally
	Kinds     []tally
	Passwords []side
	Waiting   []queue
}

// tally is a line of a table of counts.
type tally struct {
	report.Tally
	Link string
	Bar  []part
}

// part of a bar, in thousandths.
type part struct {
	Class    string
	At, Size int64
}

// side is where passwords failed.
type side struct {
	Name string
	N    int64
}

type queue struct {
	report.Queue
	Text, Link string
}

// maxQueues bounds the table of what waits.
const maxQueues = 200

func (p *Pages) summary(ctx context.Context, v *view) (content, error) {
	v.Title = "Summary"
	if err := v.readFilter(p.MaxRange); err != nil {
		return content{}, err
	}
	o, err := report.ReadOverview(ctx, p.Directory, v.Filter)
	if err != nil {
		return content{}, err
	}
	page := &summaryPage{view: v, Overview: o, Tiles: v.tiles("./", &o.Counts)}
	for _, t := range o.Sources {
		page.Sources = append(page.Sources, tally{t, "./" + v.Query.Filters("source", t.Name), bar(&t.Counts)})
	}
	for _, t := range o.Kinds {
		page.Kinds = append(page.Kinds, tally{t, "./" + v.Query.Filters("kind", t.Name), bar(&t.Counts)})
	}
	for _, s := range []struct {
		on   provisioning.FailedOn
		name string
	}{
		{provisioning.FailedOnIdentityNow, "the identity system"},
		{provisioning.FailedOnSource, "the source"},
		{provisioning.FailedOnBoth, "both"},
		{provisioning.FailedOnNone, "neither: done, or still open"},
	} {
		page.Passwords = append(page.Passwords, side{s.name, o.Passwords[s.on]})
	}
	for _, q := range o.Waiting[:min(len(o.Waiting), maxQueues)] {
		open := "&status=Pending&status=Retrying"
		if q.For == "verification" {
			open = "&status=Committed"
		}
		page.Waiting = append(page.Waiting, queue{q, waits(q.Wait), "./" + v.Query.Filters("source", q.Source, "status", "") + open})
	}
	return content{template: "summary", data: page}, nil
}

// bar is the share of each status in a thousand. What was declined has a part of its own.
func bar(c *report.Counts) (parts []part) {
	total, sum := c.Total(), int64(0)
	add := func(class string, n int64) {
		from := 1000 * sum / max(total, 1)
		sum += n
		if to := 1000 * sum / max(total, 1); to > from {
			parts = append(parts, part{class, from, to - from})
		}
	}
	for _, s := range provisioning.Statuses {
		if s != provisioning.StatusFailed {
			add(statusBadge(s).Class, c.ByStatus[s])
			continue
		}
		add(statusBadge(s).Class, c.Faults())
		add("declined", c.Declined)
	}
	return parts
}
