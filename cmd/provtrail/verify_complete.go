package main

import (
	"fmt"
	"strings"

	"github.com/provtrail/provtrail/archive"
)

// maxIncomplete is how many hours are printed; --json has all.
const maxIncomplete = 50

// maxMissingIDs is how many ids of an hour are printed.
const maxMissingIDs = 10

// describeCompleteness writes each hour that is not complete, and up to when the feeds are, those
// that agree in one line.
func describeCompleteness(b *strings.Builder, c *archive.Completeness) {
	say := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	for i := range c.Incomplete {
		if i == maxIncomplete {
			say("incomplete    %d more, see --json", len(c.Incomplete)-i)
			break
		}
		h := &c.Incomplete[i]
		ids := ""
		if n := len(h.MissingIDs); n > 0 {
			ids = fmt.Sprintf("; missing: %q", h.MissingIDs[:min(n, maxMissingIDs)])
			if n > maxMissingIDs {
				ids += fmt.Sprintf(" and %d more", n-maxMissingIDs)
			}
		}
		say("incomplete    %s: %s%s", h, h.Problem, ids)
	}
	if c.NotShown != "" {
		say("completeness not shown: %s", c.NotShown)
	}
	const minute = "2006-01-02 15:04 UTC"
	var groups []string
	feeds := map[string][]string{}
	for i := range c.Feeds {
		f := &c.Feeds[i]
		group := fmt.Sprintf("%s is not complete from %s on", f.Tenant, f.Since.Format(minute))
		if f.CompleteUntil != nil {
			group = fmt.Sprintf("%s is complete until %s, from %s on,", f.Tenant, f.CompleteUntil.Format(minute), f.Since.Format(minute))
		}
		if feeds[group] == nil {
			groups = append(groups, group)
		}
		feeds[group] = append(feeds[group], f.Feed)
	}
	for _, group := range groups {
		say("%s for %s", group, strings.Join(feeds[group], ", "))
	}
}
