package main

import (
	"errors"
	"fmt"
	"time"

	archivereport "github.com/provtrail/provtrail/archive/report"
)

// timeFlag is a flag with a time in one of archivereport.TimeForms.
type timeFlag struct {
	name, text string
	to         *time.Time
}

// parseTimes reads times in UTC. Where a flag is not given its time stays as it is.
func parseTimes(now time.Time, flags ...timeFlag) error {
	var errs []error
	for _, f := range flags {
		if f.text == "" {
			continue
		}
		t, err := archivereport.ParseTime(f.text, time.UTC, now)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.name, err))
		}
		*f.to = t
	}
	return errors.Join(errs...)
}
