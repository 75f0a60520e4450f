package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// profileSeconds is how long the CPU is looked at. A round that is over earlier waits.
const profileSeconds = 15

// profile begins to look at where the collector's CPU time goes. What it returns waits
// for the answer and writes it, with the allocations, into the subject's folder.
func (s *subject) profile(ctx context.Context, c *collector, shape string, round int) (end func() error) {
	if s.profiles == "" {
		return func() error { return nil }
	}
	cpu := make(chan []byte, 1)
	go func() { cpu <- c.debug(ctx, fmt.Sprintf("profile?seconds=%d", profileSeconds)) }()
	return func() error {
		name := func(of string) string {
			return filepath.Join(s.profiles, fmt.Sprintf("%s-%s-%d.%s.pprof", s.name, shape, round, of))
		}
		return errors.Join(os.MkdirAll(s.profiles, 0o750),
			os.WriteFile(name("cpu"), <-cpu, 0o600),
			os.WriteFile(name("allocations"), c.debug(ctx, "allocs"), 0o600))
	}
}
