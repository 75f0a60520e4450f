package main

import (
	"fmt"
	"time"

	archivereport "github.com/provtrail/provtrail/archive/report"
)

// parseTimeFlag reads the time that a flag gives in one of archivereport.TimeForms, in UTC;
// zero where the flag is not given.
func parseTimeFlag(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := archivereport.ParseTime(text, time.UTC, now)
	if err != nil {
		return t, fmt.Errorf("%s: %w", flag, err)
	}
	return t, nil
}
