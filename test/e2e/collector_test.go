package e2e

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/internal/clickhousetest"
)

const timeout = 150 * time.Second

// collector is the default pipeline on free ports in a temporary folder.
type collector struct {
	dir     string
	env     blackbox.Env
	process *blackbox.Process
	db      *sql.DB

	// files is a ClickHouse of the test's own: the collector's reads no files for anybody.
	files *clickhousetest.Server
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	dir := t.TempDir()
	env, err := blackbox.Environment(dir)
	require.NoError(t, err)
	c := &collector{dir: dir, env: env}
	require.NoError(t, os.MkdirAll(c.path("input"), 0o750))
	options, err := clickhouse.ParseDSN("clickhouse://default@" + env["PROVTRAIL_CLICKHOUSE_NATIVE"] + "/provtrail")
	require.NoError(t, err)
	c.db = clickhouse.OpenDB(options)
	t.Cleanup(func() {
		_ = c.db.Close()
		if c.process != nil {
			assert.NoError(t, c.process.Stop(timeout), "the collector stopped with an error")
		}
		if t.Failed() {
			t.Logf("end of the collector's log:\n%s", blackbox.Tail(c.path("collector.log"), 15))
		}
	})
	return c
}

func (c *collector) path(parts ...string) string {
	return filepath.Join(append([]string{c.dir}, parts...)...)
}

func (c *collector) environ() []string { return append(os.Environ(), c.env.List()...) }

// start runs the program from the repository's root, with its default configuration
// unless args name others.
func (c *collector) start(t *testing.T, args ...string) {
	t.Helper()
	var err error
	c.process, err = blackbox.Start(program, root, c.path("collector.log"), c.env.List(), args...)
	require.NoError(t, err)
}

func (c *collector) healthy(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	require.NoError(t, blackbox.Healthy(ctx, c.env["PROVTRAIL_HEALTH"], c.path("collector.log")))
}

// stop ends the collector as Ctrl-C does and checks that it ends well.
func (c *collector) stop(t *testing.T) {
	t.Helper()
	if c.process == nil {
		return
	}
	process := c.process
	c.process = nil
	require.NoError(t, process.Stop(timeout), "the collector stopped with an error")
}

// kill ends the collector as a power cut would.
func (c *collector) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, c.process.Err(), "the collector ended by itself")
	c.process.Kill()
	c.process = nil
}

// run runs a subcommand to its end.
func (c *collector) run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = root, c.environ()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "provtrail %s\n%s", strings.Join(args, " "), out)
	return string(out)
}

// query runs a query and returns its rows, each value as text.
func (c *collector) query(query string) ([][]string, error) {
	return blackbox.Query(context.Background(), c.db, query)
}

// queryArchive runs a query in which %s stands for the rows of the Parquet files.
func (c *collector) queryArchive(t *testing.T, query string) ([][]string, error) {
	t.Helper()
	if c.files == nil {
		c.files = clickhousetest.StartOwn(t, clickhousetest.WithReadable(c.dir))
	}
	db := clickhouse.OpenDB(&clickhouse.Options{Addr: []string{c.files.Addr}})
	defer db.Close()
	rows := "file('" + c.path("archive", "tenant=*", "date=*", "hour=*", "*.parquet") + "', 'Parquet')"
	return blackbox.Query(t.Context(), db, strings.ReplaceAll(query, "%s", rows))
}

func (c *collector) mustQuery(t *testing.T, query string) [][]string {
	t.Helper()
	rows, err := c.query(query)
	require.NoError(t, err, query)
	return rows
}

// eventually waits until a query's only value is what is wanted.
func (c *collector) eventually(t *testing.T, query, want string) {
	t.Helper()
	var last string
	ok := eventually(func() bool {
		rows, err := c.query(query)
		switch {
		case err != nil:
			last = err.Error()
		case len(rows) == 1:
			last = strings.Join(rows[0], " ")
		}
		return last == want
	})
	require.True(t, ok, "%s\nwant %s\nhave %s", query, want, last)
}

func freePorts(t *testing.T, n int) []string {
	t.Helper()
	ports, err := blackbox.FreePorts(n)
	require.NoError(t, err)
	return ports
}

// eventually polls a condition whose caller reports the cause.
func eventually(condition func() bool) bool {
	for deadline := time.Now().Add(timeout); time.Now().Before(deadline); {
		if condition() {
			return true
		}
		time.Sleep(100 * time.Millisecond)
	}
	return false
}
