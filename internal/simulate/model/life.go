package model

import (
	"fmt"
	"strings"
	"time"

	"github.com/provtrail/provtrail/provisioning/errorclass"
)

const (
	second = int64(1000)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour

	maxAttempts = 3
	never       = int64(1) << 60
)

// live gives a request its life from the time it is handed to its source.
// pending is when it was first seen as pending: at the request for access that
// waited for an approval.
func (r *Request) live(rng random, pending, sent int64) {
	r.Sent = sent
	r.Life = append(r.Life, Phase{State: Pending, At: pending})
	s := r.Source
	if s.ServiceDesk != "" {
		r.TicketID = fmt.Sprintf("RITM%07d", 1000000+rng.IntN(9000000))
	}
	if rng.chance(stuckRate) {
		return // nobody ever answers
	}
	at := sent
	for attempt := 1; ; attempt++ {
		at += max(900, rng.around(s.Seconds, 0.9))
		signature := s.failure(rng, at, attempt)
		if signature == nil {
			break
		}
		r.Life = append(r.Life, r.failed(rng, at, signature))
		if signature.Retry != errorclass.RetryYes || attempt == maxAttempts {
			return
		}
		at += rng.between(2*minute, 20*minute)
		r.Life = append(r.Life, Phase{State: Retrying, At: at, AsPending: rng.chance(0.4)})
		if rng.chance(stuckRetryRate) {
			return
		}
	}
	r.performed(rng, at)
}

// performed ends a life well: done by hand and not verifiable, or committed and
// then, at the next aggregation of the source, seen there.
func (r *Request) performed(rng random, at int64) {
	s := r.Source
	if s.Disconnected {
		r.Life = append(r.Life, Phase{State: NotVerifiable, At: at})
		return
	}
	r.Life = append(r.Life, Phase{State: Committed, At: at})
	if !rng.chance(s.VerifyRate) {
		return // committed for ever: nothing reads it back
	}
	every := s.AggregateMin * minute
	seen := (at/every+1)*every + rng.between(20*second, 4*minute)
	r.Life = append(r.Life, Phase{State: Success, At: seen})
}

// refuse ends the life of a request that nobody handed to a source: its items stay pending,
// or are called failed.
func (r *Request) refuse(pending int64, a *Approval, failed bool) {
	r.Life = append(r.Life, Phase{State: Pending, At: pending})
	if failed && a.Declined() {
		r.Life = append(r.Life, Phase{
			State: Failed, At: a.At, Category: errorclass.Unclassified,
			Error: fmt.Sprintf("The request ended as %s with %s", strings.ToLower(string(a.Outcome)), a.Approver.Name),
		})
	}
}

const (
	// How many requests, and how many retries, nobody ever answers.
	stuckRate      = 0.006
	stuckRetryRate = 0.04
	// passingShare is how many errors are drawn from those that pass by themselves.
	passingShare = 0.4
)

// failure decides whether an attempt fails, and of what. A source that
// is down fails most of what is sent to it; later attempts fail more often than
// first ones, because the reason seldom went away.
func (s *Source) failure(rng random, at int64, attempt int) *errorclass.Signature {
	if len(s.faults) == 0 {
		return nil
	}
	rate := s.FailureRate
	if attempt > 1 {
		rate = 0.35
	}
	if s.down(at) {
		rate = 0.8
	}
	if !rng.chance(rate) {
		return nil
	}
	if rng.chance(passingShare) {
		return pick(rng, s.passing)
	}
	return pick(rng, s.faults)
}

// Down reports whether the source has an outage at the time: what alerts must see.
func (s *Source) Down(at time.Time) bool { return s.down(at.UnixMilli()) }

// down reports whether a source has an outage: a short one about every nine days, at a
// time that depends on the source alone.
func (s *Source) down(at int64) bool {
	slot := at / (40 * minute)
	h := uint64(slot) * 0x9e3779b97f4a7c15
	for _, c := range s.ID {
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	return h%331 == 0
}
