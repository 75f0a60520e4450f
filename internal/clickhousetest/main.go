// Package clickhousetest gives the tests of a package a real ClickHouse.
//
// A package hands its TestMain to [Main]; its tests then call [Start]:
//
//	func TestMain(m *testing.M) { clickhousetest.Main(m) }
//
//	func TestX(t *testing.T) {
//		server := clickhousetest.Start(t)     // one server for the whole package
//		database := server.Database(t)        // one database for this test
//		...
//	}
//
// mdatagen generates the TestMain of a component's package. There, metadata.yaml says
// `tests: {goleak: {setup: "runTests(m)"}}`, and a test file of the package has
//
//	func runTests(m *testing.M) { clickhousetest.Main(m) } // never returns
package clickhousetest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/provtrail/provtrail/internal/clickhouse"
)

// shared is the server of [Start], started by the first test that asks for it.
var shared struct {
	mu     sync.Mutex
	server *Server
	err    error
}

// Main runs the tests of a package, ends the shared server, and fails when goroutines
// are left over.
func Main(m *testing.M, options ...goleak.Option) {
	os.Exit(run(m, options))
}

func run(m *testing.M, options []goleak.Option) int {
	clickhouse.RunChildIfAsked()
	code := m.Run()
	if shared.server != nil {
		if err := shared.server.close(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, "clickhousetest: end the server:", err)
			code = 1
		}
	}
	if code == 0 {
		if err := goleak.Find(options...); err != nil {
			fmt.Fprintln(os.Stderr, "clickhousetest:", err)
			code = 1
		}
	}
	return code
}

// Start returns the package's shared server, which listens on free loopback ports and
// keeps its data in a temporary folder. Tests must not kill it: see [StartOwn].
func Start(t testing.TB) *Server {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = open(context.Background(), clickhouse.Config{})
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}
