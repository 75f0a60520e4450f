package apiclient

import (
	"sync"
	"time"
)

// usage counts the requests of the last ten seconds, by whole seconds.
type usage struct {
	mu      sync.Mutex // guards everything below
	seconds [10]int64  // since 1970, which each count is of
	counts  [10]int64
}

func (u *usage) add(now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	second := now.Unix()
	i := second % int64(len(u.counts))
	if u.seconds[i] != second {
		u.seconds[i], u.counts[i] = second, 0
	}
	u.counts[i]++
}

func (u *usage) sum(now time.Time) (n int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, second := range u.seconds {
		if now.Unix()-second < int64(len(u.counts)) {
			n += u.counts[i]
		}
	}
	return n
}
