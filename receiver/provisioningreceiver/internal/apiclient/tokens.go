package apiclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/sync/semaphore"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/retry"
)

// tokens keeps the access token of client credentials. One request for a token at a time
// serves all feeds; after one that failed, none is sent before its wait is over.
type tokens struct {
	cfg   *Config
	http  *http.Client
	retry retry.Policy

	lock    *semaphore.Weighted // of size 1, guards everything below
	url     string              // empty until a token came from it, unless configured
	token   *oauth2.Token
	renewAt time.Time
	backoff backoff.BackOff
	failure *tokenError // of the last request, until retryAt
	retryAt time.Time
}

func newTokens(cfg *Config, client *http.Client, policy retry.Policy) *tokens {
	return &tokens{
		cfg: cfg, http: client, lock: semaphore.NewWeighted(1), url: cfg.TokenURL,
		backoff: &backoff.ExponentialBackOff{
			InitialInterval: policy.Initial, MaxInterval: policy.Max, Multiplier: 2, RandomizationFactor: backoff.DefaultRandomizationFactor,
		},
		retry: policy,
	}
}

// get returns the token, and fetches one where there is none or its lifetime is nearly
// over. A nil receiver returns nil.
func (t *tokens) get(ctx context.Context) (*oauth2.Token, error) {
	if t == nil {
		return nil, nil // no token is needed
	}
	if err := t.lock.Acquire(ctx, 1); err != nil {
		return nil, context.Cause(ctx)
	}
	defer t.lock.Release(1)
	now := time.Now()
	if t.token != nil && (t.renewAt.IsZero() || now.Before(t.renewAt)) {
		return t.token, nil
	}
	if wait := t.retryAt.Sub(now); wait > 0 {
		return nil, &tokenError{t.failure.url, t.failure.cause, wait}
	}
	url := t.url
	if url == "" {
		url = t.discover(ctx)
	}
	token, err := t.fetch(ctx, url)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx) // no failure of the endpoint
		}
		wait := t.backoff.NextBackOff()
		if status, ok := errors.AsType[*statusError](err); ok && status.wait > 0 {
			wait = status.wait
		}
		t.failure, t.retryAt = &tokenError{url, err, wait}, time.Now().Add(wait)
		return nil, t.failure
	}
	t.backoff.Reset()
	t.url, t.token, t.renewAt = url, token, time.Time{}
	if !token.Expiry.IsZero() {
		lifetime := token.Expiry.Sub(now)
		t.renewAt = token.Expiry.Add(-min(time.Minute, lifetime/20))
	}
	return token, nil
}

// discard makes the next get fetch another token, unless that has happened already.
func (t *tokens) discard(ctx context.Context, refused *oauth2.Token) {
	if t == nil || t.lock.Acquire(ctx, 1) != nil {
		return
	}
	defer t.lock.Release(1)
	if t.token == refused {
		t.token = nil
	}
}

func (t *tokens) fetch(ctx context.Context, url string) (*oauth2.Token, error) {
	credentials := clientcredentials.Config{
		ClientID: t.cfg.ClientID, ClientSecret: string(t.cfg.ClientSecret), TokenURL: url, AuthStyle: oauth2.AuthStyleInParams,
	}
	token, err := credentials.Token(context.WithValue(ctx, oauth2.HTTPClient, t.http))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.Response != nil && refused.Response.StatusCode != http.StatusOK {
		return nil, newStatusError(refused.Response.StatusCode, refused.Response.Header,
			sailpoint.Redact(sailpoint.Head(refused.Body, 200)), t.retry.Max)
	}
	return token, err
}

// discover finds where tokens come from, which tenants with a vanity URL need. Without an
// answer the documented place is used.
func (t *tokens) discover(ctx context.Context) string {
	base := strings.TrimSuffix(t.cfg.ClientConfig.Endpoint, "/")
	documented := base + "/oauth/token"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/oauth/info", nil)
	if err != nil {
		return documented
	}
	response, err := t.http.Do(request)
	if err != nil {
		return documented
	}
	defer response.Body.Close()
	var info struct {
		TokenEndpoint string `json:"tokenEndpoint"`
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	if err != nil || json.Unmarshal(body, &info) != nil || info.TokenEndpoint == "" {
		return documented
	}
	if strings.HasPrefix(base, "https:") && !strings.HasPrefix(info.TokenEndpoint, "https:") {
		return documented // an answer must not make the secret leave without TLS
	}
	return info.TokenEndpoint
}

// tokenError means that there is no token yet.
type tokenError struct {
	url   string
	cause error
	wait  time.Duration // until the next request for a token
}

func (e *tokenError) Error() string { return fmt.Sprintf("no token from %s: %v", e.url, e.cause) }

// As gives package backoff the wait.
func (e *tokenError) As(target any) bool {
	after, ok := target.(**backoff.RetryAfterError)
	if ok {
		*after = &backoff.RetryAfterError{Duration: e.wait}
	}
	return ok
}
