package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"
)

// options define a run. The same options draw the same faults at the same times.
type options struct {
	seed     uint64
	duration time.Duration // during which faults happen
	every    time.Duration // mean time between two faults
	faults   []string      // which may happen
	count    int           // how many faults at most; 0: as many as there is time for

	days         float64 // of the tenant, which pass during duration
	groupsPerDay float64
	fileGroups   float64 // groups whose documents come as files
	late         float64
	timeout      time.Duration // for the stores to have everything afterwards

	dir       string // of the run; kept if it was named
	freshness bool   // measure how old rows are instead; nothing is broken
}

func parse(args []string) (options, error) {
	o := options{faults: kinds()}
	f := flag.NewFlagSet("chaos", flag.ContinueOnError)
	f.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano())%100_000, "what the faults, the tenant and the files are drawn from")
	f.DurationVar(&o.duration, "duration", 5*time.Minute, "how long faults happen")
	f.DurationVar(&o.every, "every", 4*time.Second, "mean time from one fault to the next")
	f.IntVar(&o.count, "count", 0, "how many faults at most (default: as many as there is time for)")
	f.Func("faults", "comma-separated `names`, by default: "+strings.Join(o.faults, ", ")+"; "+machineClock+" happens only where it is named", func(text string) error {
		o.faults = strings.Split(text, ",")
		for _, name := range o.faults {
			if !slices.Contains(append(kinds(), machineClock), name) {
				return fmt.Errorf("fault %q is unknown", name)
			}
		}
		return nil
	})
	f.Float64Var(&o.days, "days", 2, "of the tenant, which pass during the duration")
	f.Float64Var(&o.groupsPerDay, "groups-per-day", 500, "of the tenant behind the API")
	f.Float64Var(&o.fileGroups, "file-groups", 500, "whose documents come as files")
	f.Float64Var(&o.late, "late", 0.1, "share of the documents that appear in the search indices up to 24 h late")
	f.DurationVar(&o.timeout, "timeout", 5*time.Minute, "how long the stores have to get everything once the faults are over")
	f.StringVar(&o.dir, "dir", "", "`folder` of the run, which is kept (default: a temporary one, kept if something is wrong)")
	f.BoolVar(&o.freshness, "freshness", false, "break nothing, let time pass as it does, and measure how long a change takes to its row")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.duration <= 0 || o.every <= 0 || o.days <= 0 || f.NArg() > 0 {
		return o, errors.New("duration, every and days must be positive, and there are no further arguments")
	}
	return o, nil
}
