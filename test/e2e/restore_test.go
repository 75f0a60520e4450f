package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// nothingExpires keeps the rows of a tenant of any time, and its activities unflagged, so
// that the stores stand still once everything has arrived.
var nothingExpires = []string{
	"--config", "collector-config.yaml",
	"--set", "exporters::provisioning_clickhouse::ttl=0s", "--set", "exporters::provisioning_clickhouse::rollup_ttl=0s",
	"--set", "processors::provisioning::stalled_after=0s", "--set", "processors::provisioning::overdue_after=0s",
}

// TestClickHouseIsRestoredFromTheArchive is the disaster drill of docs/recovery.md: the
// data folder of ClickHouse is lost, and every view is as before once it is restored.
func TestClickHouseIsRestoredFromTheArchive(t *testing.T) {
	c := newCollector(t)
	c.start(t, nothingExpires...)
	c.simulate(t, c.path("simulated"), "--seed", "14")
	c.matchesTruth(t, c.path("simulated", "truth"))
	require.NoError(t, os.WriteFile(c.path("input", "broken.json"), []byte(`{"neither":"this nor that"}`+"\n"), 0o600))
	c.eventually(t, "SELECT toString(count()) FROM quarantine", "1")
	require.True(t, eventually(func() bool {
		files, err := filepath.Glob(c.path("archive", "quarantine", "date=*", "hour=*", "*.parquet"))
		require.NoError(t, err)
		return len(files) > 0
	}), "the archive has it too")
	c.transitionsAreThoseOfTheStates(t)
	before := c.views(t)
	for _, view := range []string{"observations", "activities", "groups", "quarantine", "transitions", "status_hourly", "errors", "passwords_changed", "failures"} {
		require.NotEmpty(t, before[view], view)
	}

	c.kill(t)
	require.NoError(t, os.RemoveAll(c.path("clickhouse")))
	c.start(t, nothingExpires...)
	c.healthy(t)
	c.eventually(t, "SELECT toString(count()) FROM observations", "0")
	doctor := []string{"doctor", c.path("archive"), "--since", "2026-03-01"}
	cmd := exec.Command(program, doctor...)
	cmd.Dir, cmd.Env = root, c.environ()
	out, err := cmd.CombinedOutput()
	exit, _ := errors.AsType[*exec.ExitError](err)
	require.NotNil(t, exit, string(out))
	require.Equal(t, 1, exit.ExitCode(), string(out))
	require.Contains(t, string(out), "provisioning_observations")
	for range 2 { // the second one changes nothing
		c.run(t, "restore", "--from", c.path("archive"), "--to", "collector-config.yaml")
		require.Contains(t, c.run(t, doctor...), "equal: ")
		after := c.views(t)
		for view := range before {
			assert.Equal(t, before[view], after[view], view)
		}
	}
}

// views returns the rows of every view, once everything is merged and the reports are made
// again: they have what the first, less full copy of an observation said, if that copy was
// ever inserted, and the archive may have merged it away before. That nothing is missing there
// is for doctor to check.
func (c *collector) views(t *testing.T) map[string][]string {
	t.Helper()
	password, err := os.ReadFile(c.path("clickhouse", "password"))
	require.NoError(t, err)
	db := clickhouse.OpenDB(&clickhouse.Options{
		Addr: []string{c.env["PROVTRAIL_CLICKHOUSE_NATIVE"]},
		Auth: clickhouse.Auth{Database: "provtrail", Username: "provtrail", Password: strings.TrimSpace(string(password))},
	})
	defer db.Close()
	query := func(query string) (out []string) {
		rows, err := blackbox.Query(t.Context(), db, query)
		require.NoError(t, err, query)
		for _, row := range rows {
			out = append(out, row[0])
		}
		return out
	}
	for _, table := range query("SELECT name FROM system.tables WHERE database = 'provtrail' AND engine LIKE '%MergeTree'") {
		_, err := db.ExecContext(t.Context(), "OPTIMIZE TABLE "+table+" FINAL")
		require.NoError(t, err)
	}
	derive := query("SELECT as_select FROM system.tables WHERE database = 'provtrail' AND name = 'provisioning_reports_from_observations'")[0]
	for _, statement := range []string{"TRUNCATE TABLE provisioning_reports", "INSERT INTO provisioning_reports " + derive, "OPTIMIZE TABLE provisioning_reports FINAL"} {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	all := map[string][]string{}
	for _, view := range query("SELECT name FROM system.tables WHERE database = 'provtrail' AND engine = 'View'") {
		from := view
		if view == "failures" {
			from += "(since = '2000-01-01 00:00:00', until = '2100-01-01 00:00:00', group = '')"
		}
		columns := "*"
		if view == "groups" {
			// A copy of an observation that was received earlier than the stored one lowers the
			// receipt in the processor's state, and is not stored.
			columns = "* EXCEPT (observed_at)"
		}
		all[view] = query(fmt.Sprintf("SELECT DISTINCT toString(tuple(%s)) AS row FROM %s ORDER BY row", columns, from))
		slices.Sort(all[view])
	}
	return all
}
