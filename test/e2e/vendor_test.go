package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/internal/simulate/truth"
)

// vendor runs the simulated vendor's API until the test ends.
func (c *collector) vendor(t *testing.T, args ...string) (endpoint string) {
	t.Helper()
	address := freePorts(t, 1)[0]
	cmd := exec.Command(program, append([]string{"simulate", "--serve", "--listen", address}, args...)...)
	cmd.Dir, cmd.Env = root, c.environ()
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	return "http://" + address
}

// vendorStatuses is what the vendor knows now, by activity.
func vendorStatuses(endpoint string) (blackbox.Facts, error) {
	response, err := http.Get(endpoint + "/_control/truth")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	known := blackbox.Facts{}
	for rows := json.NewDecoder(response.Body); ; {
		var a truth.Activity
		if err := rows.Decode(&a); errors.Is(err, io.EOF) {
			return known, nil
		} else if err != nil {
			return nil, err
		}
		known[a.ActivityID] = a.Status
	}
}

func TestVendorFeedsUnderFaultsEqualTheTruth(t *testing.T) {
	c := newCollector(t)
	endpoint := c.vendor(t, "--days", "1", "--groups-per-day", "60", "--late", "0", "--seed", "14",
		"--fault", "half_body=0.02", "--fault", "server_error=0.02")
	c.env["PROVTRAIL_SAILPOINT_ENDPOINT"] = endpoint
	c.env["PROVTRAIL_SAILPOINT_CLIENT_ID"] = "e2e"
	c.env["PROVTRAIL_SAILPOINT_CLIENT_SECRET"] = "secret"
	c.start(t, "--config", "collector-config.yaml", "--config", "sailpoint-config.yaml")

	var diff []blackbox.Difference
	var failed error
	ok := eventually(func() bool {
		want, err := vendorStatuses(endpoint)
		if failed = err; err != nil || len(want) == 0 {
			return false
		}
		rows, err := c.query("SELECT activity_id, toString(status) FROM activities")
		if failed = err; err != nil {
			return false
		}
		diff = blackbox.Compare(want, rows)
		return len(diff) == 0
	})
	require.True(t, ok, "%d differ (%v), the first:\n%v", len(diff), failed, diff[:min(len(diff), 5)])
	c.eventually(t, "SELECT toString(count() - uniqExact(event_id)) FROM provisioning_observations FINAL", "0")
}

func TestTriggerIsARowOnceItIsAnswered(t *testing.T) {
	c := newCollector(t)
	c.start(t)
	c.healthy(t)
	post := func(body string) int {
		response, err := http.Post("http://"+c.env["PROVTRAIL_WEBHOOK"]+"/sailpoint", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	const trigger = `{"trackingNumber":"4b4d982dddff4267ab12f0f1e72b5a6e","sources":"Corp AD","action":"IdentityRefresh",
		"recipient":{"type":"IDENTITY","id":"i1","name":"Ada Lovelace"},
		"accountRequests":[{"source":{"id":"69d9b3dc4506b6cfc22c24040140c0f4","type":"SOURCE","name":"Corp AD"},
		"accountId":"CN=Ada","accountOperation":"Modify","provisioningResult":"SUCCESS","provisioningTarget":"Corp AD",
		"attributeRequests":[{"attributeName":"memberOf","attributeValue":"CN=Sales","operation":"Add"}]}]}`
	require.Equal(t, http.StatusOK, post(trigger))
	require.Equal(t, http.StatusOK, post(trigger), "the vendor may deliver twice")
	require.Equal(t, http.StatusBadRequest, post(`{"hello":"world"}`))
	c.eventually(t, `SELECT concat(toString(count()), ' ', any(status), ' ', any(operation), ' ', any(cause)) FROM activities
		WHERE group_id = '4b4d982dddff4267ab12f0f1e72b5a6e'`, "1 Committed Add Identity Refresh")
	c.eventually(t, "SELECT toString(count()) FROM provisioning_observations FINAL", "1")
	c.eventually(t, "SELECT toString(count()) FROM provisioning_quarantine FINAL WHERE feed = 'webhook'", "1")
}
