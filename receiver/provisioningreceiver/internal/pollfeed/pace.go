package pollfeed

import "time"

// pace is the time from the start of one poll to the next: it adapts to what comes,
// between two and four thirds of the configured interval.
type pace struct{ wait, shortest, longest time.Duration }

func newPace(interval time.Duration) pace {
	return pace{wait: interval, shortest: interval * 2 / 3, longest: interval * 4 / 3}
}

// drift is the number of quiet polls in which the pace goes from its quickest to its slowest.
const drift = 4

// after sets the pace after a poll that brought something new or did not. A 429 to any
// feed slows every feed down.
func (p *pace) after(fresh, throttled bool) time.Duration {
	switch {
	case throttled:
		p.wait = p.longest
	case fresh:
		p.wait = p.shortest
	default:
		p.wait = min(p.wait+(p.longest-p.shortest)/drift, p.longest)
	}
	return p.wait
}
