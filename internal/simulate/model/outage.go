package model

import "time"

// Down reports whether the source had an outage at the time: what alerts must see.
func (s *Source) Down(at time.Time) bool { return s.down(at.UnixMilli()) }
