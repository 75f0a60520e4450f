package webhookfeed

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

const trigger = `{"trackingNumber":"t1","sources":"AD","recipient":{"type":"IDENTITY","id":"1","name":"Ada"},"accountRequests":[
 {"source":{"id":"4e4d982dddff4267ab12f0f1e72b5a6d","type":"SOURCE","name":"AD"},"accountId":"ada","accountOperation":"Modify","provisioningResult":"SUCCESS","provisioningTarget":"AD"}]}`

func triggerOf(group string) string {
	return strings.Replace(trigger, `"t1"`, `"`+group+`"`, 1)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	addresses, err := blackbox.FreePorts(1)
	require.NoError(t, err)
	return addresses[0]
}

// start starts a feed on a storage and returns the address for triggers.
func start(t *testing.T, next consumer.Logs, dir string, change func(*feedtest.Env, *Config)) (env *feedtest.Env, url string) {
	t.Helper()
	env = feedtest.NewEnv(t, provisioning.FeedWebhook, next, dir)
	cfg := NewDefaultConfig()
	cfg.ServerConfig.NetAddr.Endpoint = freeAddress(t)
	change(env, &cfg)
	env.Start(New(&cfg, env.Settings))
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return env, "http://" + cfg.ServerConfig.NetAddr.Endpoint + "/sailpoint"
}

func post(t *testing.T, url, body string) (*http.Response, string) {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response, string(text)
}
