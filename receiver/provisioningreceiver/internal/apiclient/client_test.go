package apiclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/retry"
)

func startClient(t *testing.T, handler http.HandlerFunc, change func(*Config)) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	cfg := NewDefaultConfig()
	cfg.ClientConfig.Endpoint, cfg.RequestsPer10s = server.URL, 1_000_000
	change(&cfg)
	telemetry, err := metadata.NewTelemetryBuilder(componenttest.NewNopTelemetrySettings())
	require.NoError(t, err)
	c := New(&cfg, componenttest.NewNopTelemetrySettings(), telemetry)
	c.Retry = retry.Policy{Initial: time.Millisecond, Max: 10 * time.Millisecond}
	require.NoError(t, c.Start(context.Background(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, c.Shutdown(context.Background())) })
	return c
}

var list = Request{Feed: "rest", Method: http.MethodGet, Path: "/x"}

// TestHostileAnswers: whatever the vendor answers first, the list comes in the end.
func TestHostileAnswers(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"429":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"500":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"403":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"html":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>[]</html>")) },
		"object": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"a":[]}`)) },
		"cut":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`[{"a":1},{"b`)) },
		"empty":  func(http.ResponseWriter, *http.Request) {},
		"half": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "99")
			_, _ = w.Write([]byte(`[`))
		},
		"too long": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("[" + strings.Repeat(" ", 2000) + "]"))
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			var requested atomic.Int64
			c := startClient(t, func(w http.ResponseWriter, r *http.Request) {
				if requested.Add(1) <= 2 {
					answer(w, r)
					return
				}
				_, _ = w.Write([]byte(` [{"id":"x"}]`))
			}, func(cfg *Config) { cfg.MaxResponseSize = 1000 })
			got, err := c.Do(context.Background(), list)
			require.NoError(t, err)
			require.Equal(t, ` [{"id":"x"}]`, string(got))
			require.EqualValues(t, 3, requested.Load())
		})
	}
}

// TestAnotherDocumentIsNoAnswer: the answer to a request by id must have that id.
func TestAnotherDocumentIsNoAnswer(t *testing.T) {
	answers := []string{`{"items":null,"message":"degraded"}`, `{"id":"y"}`, `[]`, `{"id":"x"`, `{"id":"x","items":[]}`}
	var requested atomic.Int64
	c := startClient(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(answers[min(int(requested.Add(1))-1, len(answers)-1)]))
	}, func(*Config) {})
	got, err := c.Do(context.Background(), Request{Feed: "rest", Method: http.MethodGet, Path: "/activities/x", ID: "x"})
	require.NoError(t, err)
	require.Equal(t, answers[4], string(got))
	require.EqualValues(t, len(answers), requested.Load())
}

// TestRetryAfterIsKept: in both forms of the header, and with a long wait where a
// repetition is unlikely to help.
func TestRetryAfterIsKept(t *testing.T) {
	wait := func(status int, header string) time.Duration {
		err := newStatusError(status, http.Header{"Retry-After": {header}}, "", time.Minute)
		after, ok := errors.AsType[*backoff.RetryAfterError](error(err))
		if !ok {
			return 0
		}
		return after.Duration
	}
	for range 100 {
		for _, header := range []string{"4", time.Now().Add(5 * time.Second).UTC().Format(http.TimeFormat)} {
			got := wait(http.StatusTooManyRequests, header)
			require.Greater(t, got, 3*time.Second, header)
			require.Less(t, got, 7*time.Second, header)
		}
	}
	require.Equal(t, time.Minute, wait(http.StatusForbidden, ""))
	require.Zero(t, wait(http.StatusBadGateway, ""), "the usual backoff")
	require.Zero(t, wait(http.StatusServiceUnavailable, "-3"))
}

// TestTokens: the token endpoint is discovered, one token serves many requests, and a
// refused one is replaced.
func TestTokens(t *testing.T) {
	var issued, requests atomic.Int64
	var refused atomic.Bool
	var base string
	c := startClient(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/oauth/info":
			_, _ = fmt.Fprintf(w, `{"tokenEndpoint":%q}`, base+"/vanity/token")
		case "/vanity/token":
			if r.FormValue("client_id") != "me" || r.FormValue("client_secret") != "hush" || r.FormValue("grant_type") != "client_credentials" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			_, _ = fmt.Fprintf(w, `{"access_token":"t%d","token_type":"bearer","expires_in":749}`, issued.Add(1))
		default:
			requests.Add(1)
			want := fmt.Sprintf("Bearer t%d", issued.Load())
			if r.Header.Get("Authorization") != want || refused.CompareAndSwap(true, false) {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			_, _ = w.Write([]byte(`[]`))
		}
	}, func(cfg *Config) { cfg.ClientID, cfg.ClientSecret = "me", "hush" })
	base = c.cfg.ClientConfig.Endpoint
	for range 3 {
		_, err := c.Do(context.Background(), list)
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, issued.Load())
	refused.Store(true)
	_, err := c.Do(context.Background(), list)
	require.NoError(t, err)
	require.EqualValues(t, 2, issued.Load())
	require.EqualValues(t, 5, requests.Load())
}

func TestEndOfContextEndsTheRetries(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c := startClient(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
	}, func(*Config) {})
	_, err := c.Do(ctx, list)
	require.ErrorIs(t, err, context.Canceled)
}

// TestCount: the number is that of the header; a refusal is not repeated, other failures are
// a few times, and an answer without a count is an error of its own.
func TestCount(t *testing.T) {
	f := func(status int, count string, want int64, requests int64, check func(error)) {
		t.Helper()
		var requested atomic.Int64
		c := startClient(t, func(w http.ResponseWriter, _ *http.Request) {
			requested.Add(1)
			if count != "" {
				w.Header().Set("X-Total-Count", count)
			}
			w.WriteHeader(status)
		}, func(*Config) {})
		r := list
		r.Attempts, r.Share = 3, c.Share(0.5)
		n, err := c.Count(t.Context(), r)
		require.Equal(t, want, n)
		require.Equal(t, requests, requested.Load())
		check(err)
	}
	fine := func(err error) { require.NoError(t, err) }
	none := func(err error) { require.ErrorIs(t, err, ErrNoCount) }
	refused := func(status string) func(error) { return func(err error) { require.ErrorContains(t, err, status) } }
	f(http.StatusNoContent, "17", 17, 1, fine)
	f(http.StatusOK, "0", 0, 1, fine)
	f(http.StatusNoContent, "", 0, 1, none)
	f(http.StatusNoContent, "-1", 0, 1, none)
	f(http.StatusOK, "many", 0, 1, none)
	f(http.StatusForbidden, "3", 0, 1, refused("status 403"))
	f(http.StatusNotFound, "", 0, 1, refused("status 404"))
	f(http.StatusNotImplemented, "", 0, 1, refused("status 501"))
	f(http.StatusInternalServerError, "", 0, 3, refused("status 500"))
	f(http.StatusTooManyRequests, "", 0, 3, refused("status 429"))
}
