package e2e

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// simulatedNow is what the simulated tenant's clock shows, so that a run can be repeated at
// any hour. With seed 11 the youngest group is three seconds old and has only its REST
// document, which gives the source's id; documents of other groups give the name.
const simulatedNow = "2026-03-03T20:35:39.262Z"

// simulate writes a past of the simulated tenant into a folder.
func (c *collector) simulate(t *testing.T, out string, args ...string) {
	t.Helper()
	c.run(t, append([]string{"simulate", "--out", out, "--now", simulatedNow, "--days", "2", "--groups-per-day", "150"}, args...)...)
}

func TestStoresEqualTheGroundTruth(t *testing.T) {
	c := newCollector(t)
	c.start(t)
	c.simulate(t, c.path("simulated"), "--seed", "11")
	truth := c.path("simulated", "truth")
	c.matchesTruth(t, truth)
	c.eventually(t, "SELECT toString(count()) FROM provisioning_quarantine FINAL", "0")

	// The simulated tenant writes passwords into its documents; none may be stored.
	const secrets = "SELECT toString(count()) FROM %s WHERE concat(original, attribute_value, error_message) LIKE '%S1m-Secret-%'"
	c.eventually(t, "SELECT toString(count() > 0) FROM provisioning_observations WHERE original LIKE '%[redacted]%'", "1")
	c.eventually(t, strings.ReplaceAll(secrets, "%s", "provisioning_observations"), "0")
	archived, err := c.queryArchive(t, secrets)
	require.NoError(t, err)
	require.Equal(t, [][]string{{"0"}}, archived)

	// A restart reads nothing twice and forgets nothing.
	before := c.mustQuery(t, blackbox.ActivityFacts+" ORDER BY activity_id")
	c.stop(t)
	c.start(t)
	c.healthy(t)
	c.matchesTruth(t, truth)
	require.Equal(t, before, c.mustQuery(t, blackbox.ActivityFacts+" ORDER BY activity_id"))
}

func TestKillsLoseAndDoubleNothing(t *testing.T) {
	c := newCollector(t)
	c.simulate(t, c.path("prepared"), "--seed", "12")
	files, err := filepath.Glob(c.path("prepared", "inbox", "*", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)

	random := rand.New(rand.NewPCG(12, 0))
	c.start(t)
	c.healthy(t)
	for i, file := range files {
		name := filepath.Base(filepath.Dir(file)) + "-" + filepath.Base(file)
		require.NoError(t, os.Rename(file, c.path("input", name)))
		if i%max(1, len(files)/6) == 0 {
			// The moment is random on purpose: any instruction may be the last.
			time.Sleep(time.Duration(random.IntN(900)) * time.Millisecond)
			c.kill(t)
			c.start(t)
		}
	}
	c.matchesTruth(t, c.path("prepared", "truth"))
}

// TestADeletedStateIsReadBack: the processor's state is deleted in the middle of the groups'
// lives, once after an orderly end and once after a kill.
func TestADeletedStateIsReadBack(t *testing.T) {
	c := newCollector(t)
	c.simulate(t, c.path("prepared"), "--seed", "14", "--groups-per-day", "40")
	files, err := filepath.Glob(c.path("prepared", "inbox", "*", "*"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 3)
	rand.New(rand.NewPCG(14, 0)).Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	for i, file := range files {
		name := filepath.Base(filepath.Dir(file)) + "-" + filepath.Base(file)
		require.NoError(t, os.Rename(file, c.path("input", name)))
		switch i {
		case len(files) / 3:
			c.start(t)
			c.isStored(t)
			c.stop(t)
		case 2 * len(files) / 3:
			c.start(t)
			c.isStored(t)
			c.kill(t)
		default:
			continue
		}
		require.NoError(t, os.RemoveAll(c.path("state")))
	}
	c.start(t)
	c.matchesTruth(t, c.path("prepared", "truth"))
	require.Contains(t, c.log(t), "The state is new, and records are stored already")
}

// isStored waits until what is there to be read is stored: nothing has come for longer than
// records wait for a batch.
func (c *collector) isStored(t *testing.T) {
	t.Helper()
	count, since := "", time.Now()
	require.True(t, eventually(func() bool {
		rows, err := c.query("SELECT toString(count()) FROM provisioning_observations")
		if err != nil || rows[0][0] != count || count == "0" {
			since = time.Now()
		}
		if err == nil {
			count = rows[0][0]
		}
		return time.Since(since) > 6*time.Second
	}), "records still come: %s", count)
}
