package provisioningreceiver

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

// A scan reads the documents of a period. A long one is cut into windows, several of
// which are read at the same time: a vendor that takes its time to answer does not
// decide how fast the past is read, its limit does. Within a window the pages follow
// each other; between windows order does not matter, since a group is a set.
//
//	|-- window --|-- window --|-- window --| ...
//	 p1 p2 p3 ->  p1 p2 ->     p1 ->          accept, one page at a time
//	        ^ the checkpoint: all before it was accepted

// window is a part of a scan.
type window struct {
	from, until time.Time
	rows        int
	last        time.Time // of what was accepted
	done        bool
}

// page is an answer with what paging needs of it.
type page struct {
	of     *window
	answer []byte // nil: the window is over
	rows   int
	last   time.Time
	err    error
}

const (
	windowPages = 16 // a window should hold: its last request is one in so many
	firstSpan   = time.Hour
	leastSpan   = 5 * time.Minute
	mostSpan    = 90 * 24 * time.Hour
)

// scan reads all documents from a time until the vendor's now. forward moves the
// checkpoint behind what was accepted without a gap; else the past is read once more, which
// may take minutes, and what is new is asked for between its pages.
func (f *pollFeed) scan(ctx context.Context, from time.Time, forward bool) error {
	begun := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel() // gives up pages that are not wanted any more
	from, until := from.UTC().Truncate(time.Millisecond), f.client.now().UTC()
	pages := make(chan page)
	var open []*window // in order; the first is the oldest that is not over
	for from.Before(until) || len(open) > 0 {
		for len(open) < f.cfg.Parallel && from.Before(until) {
			w := &window{from: from, until: f.windowEnd(from, until)}
			from = w.until
			open = append(open, w)
			reading.Go(func() { f.read(ctx, w, pages) })
		}
		var p page
		select {
		case p = <-pages:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if p.err != nil {
			return p.err
		}
		if err := f.take(ctx, p); err != nil {
			return err
		}
		if p.of.done {
			f.learn(p.of)
		}
		reached := open[0].last
		for len(open) > 0 && open[0].done {
			if open[0].last.After(reached) {
				reached = open[0].last
			}
			open = open[1:]
		}
		if !forward {
			if time.Since(f.asked) >= f.cfg.Interval {
				if err := f.readNew(ctx); err != nil {
					return err
				}
			}
			continue
		}
		if f.looked.high.IsZero() { // what appears from now on, the first look has to find
			if err := f.looked.set(ctx, f.client.now().Add(-time.Since(begun))); err != nil {
				return err
			}
		}
		if now := f.client.now(); reached.After(now) {
			reached = now // one absurd time must not carry the checkpoint away
		}
		if err := f.saveOpen(ctx); err != nil {
			return err
		}
		if err := f.checkpoint.move(ctx, reached); err != nil {
			return err
		}
		f.progress(ctx, p.rows)
	}
	return nil
}

// take accepts a page, or notes that its window is over.
func (f *pollFeed) take(ctx context.Context, p page) error {
	if p.answer == nil {
		p.of.done = true
		return nil
	}
	if err := f.accept(ctx, p.answer); err != nil {
		return err
	}
	p.of.rows += p.rows
	if p.last.After(p.of.last) {
		p.of.last = p.last
	}
	return nil
}

// read asks for the pages of a window and hands them over, the next one being asked for
// while the last is accepted.
func (f *pollFeed) read(ctx context.Context, w *window, to chan<- page) {
	hand := func(p page) bool {
		select {
		case to <- p:
			return p.err == nil
		case <-ctx.Done():
			return false
		}
	}
	c := cursor{from: w.from, until: w.until}
	for more := true; more; {
		method, path, body := f.pages.ask(&c)
		answer, err := f.client.list(ctx, string(f.sink.feed), method, path, body)
		if err != nil {
			hand(page{of: w, err: err})
			return
		}
		rows, last := f.order(answer)
		more = f.pages.next(&c, rows)
		if !hand(page{of: w, answer: answer, rows: len(rows), last: last}) {
			return
		}
	}
	hand(page{of: w})
}

// windowEnd is where a window ends that begins at a time. A scan that is not long is
// one window.
func (f *pollFeed) windowEnd(from, until time.Time) time.Time {
	if f.span == 0 {
		f.span = firstSpan
	}
	if end := from.Add(f.span); end.Add(f.span / 2).Before(until) {
		return end.Truncate(time.Millisecond)
	}
	return until
}

// learn adapts the length of the windows to come to what one held.
func (f *pollFeed) learn(w *window) {
	span := w.until.Sub(w.from)
	if span < leastSpan {
		return
	}
	wanted := 4 * span
	if w.rows > 0 {
		wanted = min(wanted, time.Duration(float64(span)*float64(windowPages*f.cfg.PageSize)/float64(w.rows)))
	}
	f.span = min(max(wanted, span/4, leastSpan), mostSpan)
}

// order reads what paging needs. A document it cannot read has no time and is in
// the quarantine already.
func (f *pollFeed) order(answer []byte) (rows []row, last time.Time) {
	var elements []json.RawMessage
	_ = json.Unmarshal(answer, &elements) // it is an array
	rows = make([]row, len(elements))
	for i, e := range elements {
		if json.Unmarshal(e, &rows[i]) != nil {
			continue
		}
		if at, err := time.Parse(time.RFC3339Nano, f.pages.at(&rows[i])); err == nil {
			rows[i].time = at
			if at.After(last) {
				last = at
			}
		}
	}
	return rows, last
}
