package webhookfeed

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

// listening starts a feed on a storage of its own.
func listening(t *testing.T, next *feedtest.Store, change func(*Config)) (url string) {
	t.Helper()
	_, url = start(t, next, t.TempDir(), func(_ *feedtest.Env, c *Config) { change(c) })
	return url
}

func TestWebhook(t *testing.T) {
	s := feedtest.NewStore()
	url := listening(t, s, func(c *Config) { c.ServerConfig.MaxRequestBodySize = 2000 })

	response, _ := post(t, url, trigger)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, map[string]int{"t1": 1}, s.Groups())
	post(t, url, trigger)
	require.Equal(t, map[string]int{"t1": 1}, s.Groups(), "delivered twice is one observation")
	for _, o := range s.All() {
		require.Equal(t, provisioning.FeedWebhook, o.Feed)
		require.Equal(t, provisioning.StatusCommitted, o.ReportedStatus)
	}

	response, text := post(t, url, `{"accountRequests":[{"provisioningResult":"SUCCESS"}]}`)
	require.Equal(t, http.StatusBadRequest, response.StatusCode)
	require.Contains(t, text, "field trackingNumber is missing")
	require.Len(t, s.Quarantine(), 1)
	require.Equal(t, "trackingNumber", s.Quarantine()[0].Field)

	response, _ = post(t, url, strings.Repeat(" ", 3000))
	require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)

	get, err := http.Get(url)
	require.NoError(t, err)
	require.NoError(t, get.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, get.StatusCode)
}

func TestWebhookWaitsForTheNextConsumer(t *testing.T) {
	s := feedtest.NewStore()
	url := listening(t, s, func(c *Config) { c.DeliveryTimeout = 200 * time.Millisecond })
	refusals := 0
	s.SetRefuse(func() error {
		if refusals++; refusals <= 2 {
			return errors.New("busy")
		}
		return nil
	})
	response, _ := post(t, url, trigger)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, map[string]int{"t1": 1}, s.Groups())
}

func TestWebhookRefusesMoreThanItCanHold(t *testing.T) {
	s := feedtest.NewStore()
	url := listening(t, s, func(c *Config) { c.MaxInFlight = 1 })
	entered, release := make(chan struct{}), make(chan struct{})
	s.SetRefuse(func() error { close(entered); <-release; return nil })
	first := make(chan int, 1)
	go func() {
		response, err := http.Post(url, "application/json", strings.NewReader(trigger))
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

// stuck is a next consumer that neither accepts nor returns until it is released.
type stuck struct {
	*feedtest.Store
	release chan struct{}
}

func (s stuck) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	<-s.release
	return s.Store.ConsumeLogs(ctx, logs)
}

// TestAnswerDoesNotWaitForTheNextConsumer: a next consumer that does not even return does
// not hold the answer, and the trigger is delivered once the consumer accepts it. By
// default the answer comes within five seconds.
func TestAnswerDoesNotWaitForTheNextConsumer(t *testing.T) {
	require.Less(t, NewDefaultConfig().DeliveryTimeout, 5*time.Second)
	f := func(status int, change func(*feedtest.Env)) {
		t.Helper()
		s := stuck{feedtest.NewStore(), make(chan struct{})}
		env, url := start(t, s, t.TempDir(), func(e *feedtest.Env, c *Config) {
			change(e)
			c.DeliveryTimeout = 50 * time.Millisecond
		})
		response, text := post(t, url, trigger) // would hang
		require.Equal(t, status, response.StatusCode, text)
		require.Empty(t, s.Groups())
		close(s.release)
		s.Eventually(t, 1, "t1")
		env.Stop()
	}
	f(http.StatusAccepted, func(*feedtest.Env) {})
	f(http.StatusServiceUnavailable, func(e *feedtest.Env) { e.OpenStorage = nil })
}
