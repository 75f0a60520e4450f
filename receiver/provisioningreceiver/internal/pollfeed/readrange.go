package pollfeed

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/provtrail/provtrail/internal/clock"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
)

// A range is a period whose documents are read. A long range is cut into windows, several
// of which are read at the same time, so that the vendor's rate limit and not its latency
// bounds how fast the past is read. Within a window the pages follow each other; between
// windows order does not matter, since a group is a set.
//
//	|-- window --|-- window --|-- window --| ...
//	 p1 p2 p3 ->  p1 p2 ->     p1 ->          accept, one page at a time
//	        ^ the checkpoint: everything before it was accepted

// window is a part of a range.
type window struct {
	from, until time.Time
	rows        int
	last        time.Time // of what was accepted
	done        bool
}

// page is an answer with what paging needs of it.
type page struct {
	of        *window
	done      bool // the window, without documents
	documents []json.RawMessage
	last      time.Time // of the documents
	err       error
}

const (
	windowPages = 16 // pages that a window should have: its last, short page is one in so many
	firstSpan   = time.Hour
	minSpan     = 5 * time.Minute
	maxSpan     = 90 * 24 * time.Hour
)

// readRange reads all documents from a time until the vendor's now. With forward the
// checkpoint moves behind what was accepted without a gap. Without, the past is read once
// more, which may take minutes, and new documents are requested between its pages.
func (f *Feed) readRange(ctx context.Context, from time.Time, forward bool) error {
	begun := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel() // ends requests of pages that are not needed
	from, until := from.UTC().Truncate(time.Millisecond), f.client.Now().UTC()
	pages := make(chan page)
	var open []*window // in order; the first is the oldest that is not done
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
			f.adaptSpan(p.of)
		}
		reached := open[0].last
		for len(open) > 0 && open[0].done {
			if open[0].last.After(reached) {
				reached = open[0].last
			}
			open = open[1:]
		}
		if !forward {
			if time.Since(f.lastRead) >= f.cfg.Interval {
				if err := f.readNew(ctx); err != nil {
					return err
				}
			}
			continue
		}
		if f.lastOverlapRead.high.IsZero() { // the first lookback has to find what appears from now on
			if err := f.lastOverlapRead.set(ctx, f.client.Now().Add(-time.Since(begun))); err != nil {
				return err
			}
		}
		if now := f.client.Now(); reached.After(now) {
			reached = now // one wrong time must not move the checkpoint into the future
		}
		if err := f.savePending(ctx); err != nil {
			return err
		}
		if err := f.checkpoint.move(ctx, reached); err != nil {
			return err
		}
		f.progress(ctx, len(p.documents))
	}
	if forward {
		f.readUntil.Store(until.UnixNano())
	}
	return nil
}

// take accepts a page, or records that its window is done.
func (f *Feed) take(ctx context.Context, p page) error {
	if p.done {
		p.of.done = true
		return nil
	}
	if err := f.accept(ctx, p.documents); err != nil {
		return err
	}
	p.of.rows += len(p.documents)
	p.of.last = clock.Latest(p.of.last, p.last)
	return nil
}

// read requests the pages of a window and hands them over. The next page is requested
// while the last is accepted.
func (f *Feed) read(ctx context.Context, w *window, to chan<- page) {
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
		method, path, body := f.pages.request(&c)
		answer, err := f.client.Do(ctx, apiclient.Request{Feed: string(f.set.Parser.Feed), Method: method, Path: path, Body: body})
		if err != nil {
			hand(page{of: w, err: err})
			return
		}
		documents := split(answer)
		rows, last := readRows(f.pages, documents)
		more = f.pages.next(&c, rows)
		if !hand(page{of: w, documents: documents, last: last}) {
			return
		}
	}
	hand(page{of: w, done: true})
}

// windowEnd is where a window ends that begins at a time. A range that is not long is
// one window.
func (f *Feed) windowEnd(from, until time.Time) time.Time {
	if f.span == 0 {
		f.span = firstSpan
	}
	if end := from.Add(f.span); end.Add(f.span / 2).Before(until) {
		return end.Truncate(time.Millisecond)
	}
	return until
}

// adaptSpan adapts the length of later windows to what one had.
func (f *Feed) adaptSpan(w *window) {
	span := w.until.Sub(w.from)
	if span < minSpan {
		return
	}
	wanted := 4 * span
	if w.rows > 0 {
		wanted = min(wanted, time.Duration(float64(span)*float64(windowPages*f.cfg.PageSize)/float64(w.rows)))
	}
	f.span = min(max(wanted, span/4, minSpan), maxSpan)
}

// readRows reads what paging needs. A document that cannot be read has no time and is in
// the quarantine already.
func readRows(p pages, documents []json.RawMessage) (rows []row, last time.Time) {
	rows = make([]row, len(documents))
	for i, d := range documents {
		if json.Unmarshal(d, &rows[i]) != nil {
			continue
		}
		if at, err := time.Parse(time.RFC3339Nano, p.at(&rows[i])); err == nil {
			rows[i].time = at
			last = clock.Latest(last, at)
		}
	}
	return rows, last
}
