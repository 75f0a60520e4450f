package provisioningreceiver

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"

	"github.com/provtrail/provtrail/provisioning"
)

const trigger = `{"trackingNumber":"t1","sources":"AD","recipient":{"type":"IDENTITY","id":"1","name":"Ada"},"accountRequests":[
 {"source":{"id":"4e4d982dddff4267ab12f0f1e72b5a6d","type":"SOURCE","name":"AD"},"accountId":"ada","accountOperation":"Modify","provisioningResult":"SUCCESS","provisioningTarget":"AD"}]}`

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close() //nolint:errcheck // a test's own
	return l.Addr().String()
}

// listening starts a receiver with a webhook and returns its address.
func listening(t *testing.T, next *store, change func(*WebhookConfig)) (url string) {
	t.Helper()
	address := freeAddress(t)
	startReceiver(t, next, t.TempDir(), func(cfg *Config) {
		webhook := defaultWebhookConfig()
		webhook.ServerConfig.NetAddr.Endpoint = address
		change(&webhook)
		cfg.Webhook = configoptional.Some(webhook)
	})
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return "http://" + address + "/sailpoint"
}

func post(t *testing.T, url, body string) (*http.Response, string) {
	t.Helper()
	response, err := http.Post(url, "application/json", strings.NewReader(body)) //nolint:gosec,noctx // a test's own server
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response, string(text)
}

func TestWebhook(t *testing.T) {
	s := newStore()
	url := listening(t, s, func(c *WebhookConfig) { c.ServerConfig.MaxRequestBodySize = 2000 })

	response, _ := post(t, url, trigger)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, map[string]int{"t1": 1}, s.groups())
	post(t, url, trigger)
	require.Equal(t, map[string]int{"t1": 1}, s.groups(), "delivered twice is one observation")
	for _, o := range s.all() {
		require.Equal(t, provisioning.FeedWebhook, o.Feed)
		require.Equal(t, provisioning.StatusCommitted, o.ReportedStatus)
	}

	response, text := post(t, url, `{"accountRequests":[{"provisioningResult":"SUCCESS"}]}`)
	require.Equal(t, http.StatusBadRequest, response.StatusCode)
	require.Contains(t, text, "field trackingNumber is missing")
	require.Len(t, s.quarantine(), 1)
	require.Equal(t, "trackingNumber", s.quarantine()[0].Field)

	response, _ = post(t, url, strings.Repeat(" ", 3000))
	require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)

	get, err := http.Get(url) //nolint:gosec,noctx // a test's own server
	require.NoError(t, err)
	require.NoError(t, get.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, get.StatusCode)
}

func TestWebhookWaitsForTheNextConsumer(t *testing.T) {
	s := newStore()
	url := listening(t, s, func(c *WebhookConfig) { c.Patience = 200 * time.Millisecond })
	refusals := 0
	s.setRefuse(func() error {
		if refusals++; refusals <= 2 {
			return errors.New("busy")
		}
		return nil
	})
	response, _ := post(t, url, trigger)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, map[string]int{"t1": 1}, s.groups())
}

func TestWebhookRefusesMoreThanItCanHold(t *testing.T) {
	s := newStore()
	url := listening(t, s, func(c *WebhookConfig) { c.MaxInFlight = 1 })
	entered, release := make(chan struct{}), make(chan struct{})
	s.setRefuse(func() error { close(entered); <-release; return nil })
	first := make(chan int, 1)
	go func() {
		response, err := http.Post(url, "application/json", strings.NewReader(trigger)) //nolint:gosec,noctx // a test's own server
		if err != nil {
			first <- 0
			return
		}
		_ = response.Body.Close()
		first <- response.StatusCode
	}()
	<-entered
	response, text := post(t, url, trigger)
	require.Equal(t, http.StatusTooManyRequests, response.StatusCode)
	require.Contains(t, text, "max_in_flight")
	close(release)
	require.Equal(t, http.StatusOK, <-first)
}
