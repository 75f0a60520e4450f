package provisioninglokiexporter

import (
	"context"
	"errors"
)

// pusher sends the body of one push request.
type pusher interface {
	push(ctx context.Context, body []byte) error
}

// delivery is the way of one batch: every entry ends as taken, refused or left.
//
//	[a b c d] ─400─> [a b] ─204
//	                 [c d] ─400─> [c] ─204
//	                              [d] ─400─> refused
//
// Loki keeps the good entries of a request it answers with 400. They are sent
// again while the bad ones are looked for, and Loki takes the copies for one.
type delivery struct {
	to pusher

	taken    int
	requests map[string]int // by outcome
	refused  []refusedEntry
	left     []entry // to be tried again
	err      error   // why they are left
}

type refusedEntry struct {
	entry
	why *refusal
}

func deliver(ctx context.Context, to pusher, entries []entry, limit int) *delivery {
	d := &delivery{to: to, requests: make(map[string]int, 3)}
	for _, chunk := range chunks(entries, limit) {
		d.send(ctx, chunk)
	}
	return d
}

func (d *delivery) send(ctx context.Context, entries []entry) {
	if d.err != nil { // Loki is away: no further requests in this try
		d.left = append(d.left, entries...)
		return
	}
	body, err := encode(entries)
	if err == nil {
		err = d.to.push(ctx, body)
	}
	var why *refusal
	switch {
	case err == nil:
		d.requests[outcomeTaken]++
		d.taken += len(entries)
	case !errors.As(err, &why):
		d.requests[outcomeFailed]++
		d.left, d.err = append(d.left, entries...), err
	case len(entries) == 1:
		d.requests[outcomeRefused]++
		d.refused = append(d.refused, refusedEntry{entries[0], why})
	default:
		d.requests[outcomeRefused]++
		half := len(entries) / 2
		d.send(ctx, entries[:half])
		d.send(ctx, entries[half:])
	}
}
