package provisioningreceiver

import "time"

// pace is the time from the begin of one poll to the next: it follows what comes,
// between two and four thirds of the configured interval.
type pace struct{ wait, least, most time.Duration }

func newPace(interval time.Duration) pace {
	return pace{wait: interval, least: interval * 2 / 3, most: interval * 4 / 3}
}

// drift is in how many quiet polls the pace goes from its quickest to its slowest.
const drift = 4

// after sets the pace after a poll that brought something new or did not. The
// vendor's refusal of too many requests, of any feed, slows every feed down.
func (p *pace) after(fresh, refused bool) time.Duration {
	switch {
	case refused:
		p.wait = p.most
	case fresh:
		p.wait = p.least
	default:
		p.wait = min(p.wait+(p.most-p.least)/drift, p.most)
	}
	return p.wait
}
