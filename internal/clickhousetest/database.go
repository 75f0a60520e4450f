package clickhousetest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"
)

var databases atomic.Int64

// Database creates an empty database for this test and drops it when the test ends.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d_%s", databases.Add(1), word(t.Name()))
	conn := s.Open(t, "")
	if err := conn.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	// Cleanups run in reverse: the connection is still open, unless the test killed the
	// server, which then takes the database along anyway.
	t.Cleanup(func() { _ = conn.Exec(context.Background(), "DROP DATABASE IF EXISTS "+name+" SYNC") })
	return name
}

// word makes a test's name readable in SQL without quotes.
func word(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return unicode.ToLower(r)
		}
		return '_'
	}, name)
	return name[:min(len(name), 60)]
}
