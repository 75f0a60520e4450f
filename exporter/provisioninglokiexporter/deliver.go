package provisioninglokiexporter

import (
	"context"
	"errors"
)

// pusher sends the body of one push request.
type pusher interface {
	push(ctx context.Context, body []byte) error
}

// delivery is what became of one batch: every entry is accepted, refused or retryable.
//
//	[a b c d] ─400─> [a b] ─204
//	                 [c d] ─400─> [c] ─204
//	                              [d] ─400─> refused
//
// Loki keeps the good entries of a request it answers with 400. They are sent
// again while the bad ones are looked for; Loki stores the copies once.
type delivery struct {
	to pusher

	accepted  int
	requests  map[string]int // by outcome
	refused   []refusedEntry
	retryable []entry // to be tried again
	err       error   // why they are
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
	if d.err != nil { // Loki cannot be reached: no further requests in this attempt
		d.retryable = append(d.retryable, entries...)
		return
	}
	body, err := encode(entries)
	if err == nil {
		err = d.to.push(ctx, body)
	}
	var why *refusal
	switch {
	case err == nil:
		d.requests[outcomeAccepted]++
		d.accepted += len(entries)
	case !errors.As(err, &why):
		d.requests[outcomeFailed]++
		d.retryable, d.err = append(d.retryable, entries...), err
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
