package clock

import (
	"slices"
	"time"
)

// Earliest returns the least of some times.
func Earliest(times ...time.Time) time.Time { return slices.MinFunc(times, time.Time.Compare) }

// Latest returns the greatest of some times.
func Latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }
