package provisioningreceiver

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

func asking(t *testing.T, handler http.HandlerFunc, change func(*APIConfig)) *client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	cfg := defaultAPIConfig()
	cfg.ClientConfig.Endpoint, cfg.RequestsPer10s = server.URL, 1_000_000
	change(&cfg)
	telemetry, err := metadata.NewTelemetryBuilder(componenttest.NewNopTelemetrySettings())
	require.NoError(t, err)
	c := newClient(&cfg, zap.NewNop(), telemetry)
	c.firstRetry, c.maxRetry = time.Millisecond, 10*time.Millisecond
	require.NoError(t, c.open(context.Background(), componenttest.NewNopHost(), componenttest.NewNopTelemetrySettings()))
	t.Cleanup(c.close)
	return c
}

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
			var asked atomic.Int64
			c := asking(t, func(w http.ResponseWriter, r *http.Request) {
				if asked.Add(1) <= 2 {
					answer(w, r)
					return
				}
				_, _ = w.Write([]byte(` [{"id":"x"}]`))
			}, func(cfg *APIConfig) { cfg.MaxResponseSize = 1000 })
			got, err := c.list(context.Background(), "rest", http.MethodGet, "/x", "")
			require.NoError(t, err)
			require.Equal(t, ` [{"id":"x"}]`, string(got))
			require.EqualValues(t, 3, asked.Load())
		})
	}
}

// TestAnotherDocumentIsNoAnswer: what is asked for by id must have it.
func TestAnotherDocumentIsNoAnswer(t *testing.T) {
	answers := []string{`{"items":null,"message":"degraded"}`, `{"id":"y"}`, `[]`, `{"id":"x"`, `{"id":"x","items":[]}`}
	var asked atomic.Int64
	c := asking(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(answers[min(int(asked.Add(1))-1, len(answers)-1)]))
	}, func(*APIConfig) {})
	got, err := c.get(context.Background(), "rest", "/activities/x", "x")
	require.NoError(t, err)
	require.Equal(t, answers[4], string(got))
	require.EqualValues(t, len(answers), asked.Load())
}

func TestRetryAfterIsKept(t *testing.T) {
	e := &statusError{status: http.StatusTooManyRequests, after: 4 * time.Second}
	for range 100 {
		wait := e.wait(time.Millisecond, time.Minute)
		require.GreaterOrEqual(t, wait, 4*time.Second)
		require.Less(t, wait, 5100*time.Millisecond)
	}
	require.Equal(t, time.Minute, (&statusError{status: http.StatusForbidden}).wait(time.Second, time.Minute))
	require.Equal(t, time.Second, (&statusError{status: http.StatusBadGateway}).wait(time.Second, time.Minute))
}

// TestTokens: where they come from is asked, one serves many requests, and one
// that is refused is replaced.
func TestTokens(t *testing.T) {
	var issued, requests atomic.Int64
	var refused atomic.Bool
	var base string
	c := asking(t, func(w http.ResponseWriter, r *http.Request) {
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
	}, func(cfg *APIConfig) { cfg.ClientID, cfg.ClientSecret = "me", "hush" })
	base = c.cfg.ClientConfig.Endpoint
	for range 3 {
		_, err := c.list(context.Background(), "rest", http.MethodGet, "/x", "")
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, issued.Load())
	refused.Store(true)
	_, err := c.list(context.Background(), "rest", http.MethodGet, "/x", "")
	require.NoError(t, err)
	require.EqualValues(t, 2, issued.Load())
	require.EqualValues(t, 5, requests.Load())
}

func TestStopsAsking(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c := asking(t, func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
	}, func(*APIConfig) {})
	_, err := c.list(ctx, "rest", http.MethodGet, "/x", "")
	require.ErrorIs(t, err, context.Canceled)
}
