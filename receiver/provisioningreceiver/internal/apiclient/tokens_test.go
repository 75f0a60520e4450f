package apiclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

// roundTripper answers requests without a network.
type roundTripper func(*http.Request) *http.Response

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

func response(status int, header http.Header, body string) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

// withVendor runs a client against a vendor within synctest.
func withVendor(t *testing.T, answer roundTripper) *Client {
	t.Helper()
	cfg := NewDefaultConfig()
	cfg.ClientConfig.Endpoint, cfg.TokenURL, cfg.RequestsPer10s = "http://vendor", "http://vendor/oauth/token", 1_000_000
	cfg.ClientID, cfg.ClientSecret = "me", "hush"
	metrics, err := metadata.NewTelemetryBuilder(componenttest.NewNopTelemetrySettings())
	require.NoError(t, err)
	c := New(&cfg, componenttest.NewNopTelemetrySettings(), metrics)
	c.http = &http.Client{Transport: answer}
	c.tokens = newTokens(&cfg, c.http, c.Retry)
	return c
}

var jsonHeader = http.Header{"Content-Type": {"application/json"}}

// TestTokenEndpointIsNotFlooded: while the token endpoint answers 429, all feeds together
// send it one request per Retry-After.
func TestTokenEndpointIsNotFlooded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var requests []time.Duration // since the start
		var mu sync.Mutex            // guards requests
		c := withVendor(t, func(r *http.Request) *http.Response {
			if r.URL.Path != "/oauth/token" {
				return response(http.StatusOK, nil, "[]")
			}
			mu.Lock()
			defer mu.Unlock()
			requests = append(requests, time.Since(begun))
			if len(requests) <= 3 {
				return response(http.StatusTooManyRequests, http.Header{"Retry-After": {"7"}}, "slow down")
			}
			return response(http.StatusOK, jsonHeader, `{"access_token":"t","token_type":"bearer","expires_in":749}`)
		})
		var feeds sync.WaitGroup
		for range 4 {
			feeds.Go(func() {
				_, err := c.Do(t.Context(), list)
				if err != nil {
					t.Error(err)
				}
			})
		}
		feeds.Wait()
		require.Len(t, requests, 4)
		for i := 1; i < len(requests); i++ {
			require.GreaterOrEqual(t, requests[i]-requests[i-1], 7*time.Second)
		}
	})
}

// TestShortLivedTokenIsUsedUntilItEnds and is then replaced by one request, however many
// feeds need it.
func TestShortLivedTokenIsUsedUntilItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var issued, listed atomic.Int64
		c := withVendor(t, func(r *http.Request) *http.Response {
			if r.URL.Path == "/oauth/token" {
				time.Sleep(time.Second)
				return response(http.StatusOK, jsonHeader, fmt.Sprintf(`{"access_token":"t%d","token_type":"bearer","expires_in":20}`, issued.Add(1)))
			}
			listed.Add(1)
			return response(http.StatusOK, nil, "[]")
		})
		var feeds sync.WaitGroup
		for range 4 {
			feeds.Go(func() {
				for range 60 {
					if _, err := c.Do(t.Context(), list); err != nil {
						t.Error(err)
					}
					time.Sleep(time.Second)
				}
			})
		}
		feeds.Wait()
		require.EqualValues(t, 240, listed.Load())
		require.LessOrEqual(t, issued.Load(), int64(4), "a minute and a little has four lifetimes of a token at most")
	})
}

// TestOneFeedDoesNotWaitForAnotherToken: a feed whose context ends does not wait for a
// token endpoint that hangs.
func TestOneFeedDoesNotWaitForAnothersToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := withVendor(t, func(r *http.Request) *http.Response {
			<-r.Context().Done()
			return response(http.StatusBadGateway, nil, "")
		})
		hanging, stop := context.WithCancel(t.Context())
		defer stop()
		var feed sync.WaitGroup
		feed.Go(func() { _, _ = c.Do(hanging, list) })
		synctest.Wait()
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("shutdown"))
		defer cancel()
		_, err := c.Do(ctx, list)
		require.ErrorContains(t, err, "shutdown")
		stop()
		feed.Wait()
	})
}
