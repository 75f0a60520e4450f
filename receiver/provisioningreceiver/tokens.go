package provisioningreceiver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// tokens keeps the access token of client credentials: it is fetched anew a
// minute before it ends, and when the vendor refuses it.
type tokens struct {
	cfg  *APIConfig
	http *http.Client

	mu     sync.Mutex // guards everything below
	url    string
	source oauth2.TokenSource
}

// early is how long before its end a token is replaced.
const early = time.Minute

func newTokens(cfg *APIConfig, client *http.Client) *tokens {
	return &tokens{cfg: cfg, http: client, url: cfg.TokenURL}
}

// authorise sets the request's token; a nil receiver does nothing.
func (t *tokens) authorise(ctx context.Context, request *http.Request) error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.source == nil {
		if t.url == "" {
			t.url = t.discover(ctx)
		}
		credentials := clientcredentials.Config{
			ClientID: t.cfg.ClientID, ClientSecret: string(t.cfg.ClientSecret), TokenURL: t.url, AuthStyle: oauth2.AuthStyleInParams,
		}
		with := context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, t.http)
		t.source = oauth2.ReuseTokenSourceWithExpiry(nil, credentials.TokenSource(with), early)
	}
	token, err := t.source.Token()
	if err != nil {
		return fmt.Errorf("no token from %s: %w", t.url, err)
	}
	token.SetAuthHeader(request)
	return nil
}

// forget makes the next request fetch a new token.
func (t *tokens) forget() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.source = nil
}

// discover asks where tokens come from: tenants with a vanity URL have them
// elsewhere. Without an answer it is the documented place, and is asked again.
func (t *tokens) discover(ctx context.Context) string {
	base := strings.TrimSuffix(t.cfg.ClientConfig.Endpoint, "/")
	otherwise := base + "/oauth/token"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/oauth/info", nil)
	if err != nil {
		return otherwise
	}
	response, err := t.http.Do(request)
	if err != nil {
		return otherwise
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	var info struct {
		TokenEndpoint string `json:"tokenEndpoint"`
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil || json.Unmarshal(body, &info) != nil || info.TokenEndpoint == "" {
		return otherwise
	}
	if strings.HasPrefix(base, "https:") && !strings.HasPrefix(info.TokenEndpoint, "https:") {
		return otherwise // the secret does not leave without TLS because an answer says so
	}
	return info.TokenEndpoint
}
