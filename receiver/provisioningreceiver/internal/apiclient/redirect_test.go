package apiclient

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/retry"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"
)

// A vendor's address that has been taken over cannot send the secret or the token on.
func TestNothingFollowsARedirect(t *testing.T) {
	var elsewhere atomic.Int64
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(thief.Close)
	var tokens, lists atomic.Int64
	c := startClient(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/oauth/info"):
			http.Redirect(w, r, thief.URL, http.StatusTemporaryRedirect)
		case r.URL.Path == "/oauth/token" && tokens.Add(1) == 1:
			http.Redirect(w, r, thief.URL, http.StatusTemporaryRedirect) // 307 repeats the body
		case r.URL.Path == "/oauth/token":
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "t", "token_type": "Bearer", "expires_in": 700})
		case lists.Add(1) == 1:
			http.Redirect(w, r, thief.URL, http.StatusFound)
		default:
			_, _ = w.Write([]byte("[]"))
		}
	}, func(cfg *Config) { cfg.ClientID, cfg.ClientSecret = "me", configopaque.String("hush") })
	got, err := c.Do(context.Background(), list)
	require.NoError(t, err)
	require.Equal(t, "[]", string(got))
	require.Zero(t, elsewhere.Load())
	require.EqualValues(t, 2, lists.Load())
}

func TestTokensComeOverTLSOnly(t *testing.T) {
	vendor := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"tokenEndpoint":"http://thief.example/token"}`))
	}))
	t.Cleanup(vendor.Close)
	cfg := NewDefaultConfig()
	cfg.ClientConfig.Endpoint = vendor.URL
	require.Equal(t, vendor.URL+"/oauth/token", newTokens(&cfg, vendor.Client(), retry.Policy{}).discover(t.Context()))
}
