package webhookfeed

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/basicauthextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/bearertokenauthextension"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configauth"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
)

// TestWebhookAuthentication: with the Collector's own extensions, only requests with the
// credentials are accepted, and of the others nothing is consumed.
func TestWebhookAuthentication(t *testing.T) {
	type credentials func(*http.Request)
	none := func(*http.Request) {}
	header := func(value string) credentials {
		return func(r *http.Request) { r.Header.Set("Authorization", value) }
	}
	basic := func(user, password string) credentials {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	f := func(factory extension.Factory, settings map[string]any, right []credentials, wrong map[string]credentials) {
		t.Helper()
		t.Run(factory.Type().String(), func(t *testing.T) {
			s := feedtest.NewStore()
			url := guarded(t, s, factory, settings)
			post := func(with credentials, body string) int {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
				require.NoError(t, err)
				with(request)
				response, err := http.DefaultClient.Do(request)
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				return response.StatusCode
			}
			for name, with := range wrong {
				require.Equal(t, http.StatusUnauthorized, post(with, trigger), name)
				require.Equal(t, http.StatusUnauthorized, post(with, "broken"), name)
			}
			require.Zero(t, s.Calls(), "nothing is consumed, not even into the quarantine")
			for _, with := range right {
				require.Equal(t, http.StatusOK, post(with, trigger))
			}
			require.Equal(t, map[string]int{"t1": 1}, s.Groups())
		})
	}
	f(bearertokenauthextension.NewFactory(), map[string]any{"tokens": []any{"first", "second"}},
		[]credentials{header("Bearer first"), header("Bearer second")},
		map[string]credentials{
			"missing": none, "wrong": header("Bearer third"), "too short": header("Bearer firs"), "too long": header("Bearer first1"),
			"empty": header(""), "no scheme": header("first"), "other scheme": basic("first", "first"), "no token": header("Bearer "),
		})
	f(basicauthextension.NewFactory(), map[string]any{"htpasswd": map[string]any{"inline": "isc:hush\n"}},
		[]credentials{basic("isc", "hush")},
		map[string]credentials{
			"missing": none, "wrong password": basic("isc", "hus"), "wrong user": basic("isd", "hush"), "no password": basic("isc", ""),
			"other scheme": header("Bearer hush"), "no base64": header("Basic !"), "empty": header(""),
		})
}

// guarded starts a receiver whose webhook is guarded by an extension.
func guarded(t *testing.T, next *feedtest.Store, factory extension.Factory, settings map[string]any) (url string) {
	t.Helper()
	id := component.NewID(factory.Type())
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(cfg))
	ext, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, ext.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, ext.Shutdown(context.Background())) })
	_, url = start(t, next, t.TempDir(), func(e *feedtest.Env, c *Config) {
		e.Host.Extensions[id] = ext
		c.ServerConfig.Auth = configoptional.Some(confighttp.AuthConfig{Config: configauth.Config{AuthenticatorID: id}})
	})
	return url
}

func TestWebPagesOfOthersReportNothing(t *testing.T) {
	f := func(change func(*Config), want int, host string, headers ...string) {
		t.Helper()
		s := feedtest.NewStore()
		url := listening(t, s, change)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(trigger))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "text/plain") // what a page may send without a preflight
		if host != "" {
			request.Host = host
		}
		for i := 0; i < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, want, response.StatusCode)
		if want == http.StatusForbidden {
			require.Empty(t, s.Groups())
			require.Empty(t, s.Quarantine())
		}
	}
	open := func(*Config) {}
	f(open, http.StatusOK, "")
	f(open, http.StatusForbidden, "attacker.example")
	f(open, http.StatusForbidden, "", "Origin", "http://attacker.example")
	f(open, http.StatusForbidden, "", "Sec-Fetch-Site", "cross-site")
	// Behind a proxy that authenticates, the name is the proxy's.
	f(func(c *Config) { c.AllowUnauthenticated = true }, http.StatusOK, "hooks.acme.example")
}
