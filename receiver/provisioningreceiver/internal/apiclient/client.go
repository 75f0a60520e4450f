// Package apiclient repeats requests to the vendor's API until they are answered.
package apiclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/retry"
)

// Client is shared by all feeds, and with it the budget of requests.
type Client struct {
	cfg       *Config
	telemetry component.TelemetrySettings
	metrics   *metadata.TelemetryBuilder
	http      *http.Client
	tokens    *tokens // nil: the HTTP client's auth extension
	budget    *rate.Limiter
	used      usage
	clockSkew atomic.Int64 // the vendor's clock minus ours, nanoseconds
	throttled atomic.Int64 // answers 429

	// Retry bounds the wait between two attempts.
	Retry retry.Policy
	// Clock is the machine's clock.
	Clock func() time.Time
}

// New makes a client; Start makes it ready.
func New(cfg *Config, telemetry component.TelemetrySettings, metrics *metadata.TelemetryBuilder) *Client {
	// The burst and the steady rate together stay within the budget in any ten seconds.
	burst := max(1, cfg.RequestsPer10s/25)
	perSecond := max(float64(cfg.RequestsPer10s-burst), 1) / 10
	return &Client{
		cfg: cfg, telemetry: telemetry, metrics: metrics, budget: rate.NewLimiter(rate.Limit(perSecond), burst),
		Retry: retry.Policy{Initial: 500 * time.Millisecond, Max: 30 * time.Second},
		Clock: time.Now,
	}
}

// Share is a limiter of requests at a share of the budget, one at a time.
func (c *Client) Share(of float64) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(of*float64(c.cfg.RequestsPer10s)/10), 1)
}

// Start makes the HTTP client. It needs no network.
func (c *Client) Start(ctx context.Context, host component.Host) error {
	client, err := c.cfg.ClientConfig.ToClient(ctx, host.GetExtensions(), c.telemetry)
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	// The API never redirects. Following a redirect would send the token elsewhere.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = client
	if c.cfg.ClientID != "" {
		c.tokens = newTokens(c.cfg, client, c.Retry)
	}
	return c.metrics.RegisterReceiverProvisioningBudgetUsedCallback(func(_ context.Context, o metric.Float64Observer) error {
		o.Observe(float64(c.used.sum(time.Now())) / float64(c.cfg.RequestsPer10s))
		return nil
	})
}

// Shutdown closes idle connections. Requests end with their own contexts.
func (c *Client) Shutdown(context.Context) error {
	if c.http != nil {
		c.http.CloseIdleConnections()
	}
	return nil
}

// Now is the vendor's clock, by the Date of its last answer; before the first answer it is
// the machine's.
func (c *Client) Now() time.Time { return c.Clock().Add(time.Duration(c.clockSkew.Load())) }

// Throttled is how often the vendor has answered 429.
func (c *Client) Throttled() int64 { return c.throttled.Load() }

// SourcesPath is where names of sources are looked up; empty: nowhere.
func (c *Client) SourcesPath() string { return c.cfg.SourcesPath }

// ErrNotFound means that the vendor has no document of this id.
var ErrNotFound = errors.New("not found")

// Request is one request to the API.
type Request struct {
	Feed   string // for the metrics and the log
	Method string
	Path   string // below the endpoint, with the query
	Body   string // JSON, or empty
	ID     string // of the document that is wanted; empty: the answer is a list

	// Attempts bounds how often the request is sent; 0: until it is answered.
	Attempts uint
	// Share is waited for before each attempt, besides the budget; nil: it is not.
	Share *rate.Limiter
}

// Do repeats the request until the answer is a JSON array, or the document with the
// wanted id. Its only errors are ErrNotFound and the cause of ctx's end and, where the
// attempts are bounded, the error of the last one. Then a refusal is not repeated.
func (c *Client) Do(ctx context.Context, r Request) ([]byte, error) {
	return do(ctx, c, r, func(response *http.Response) ([]byte, error) {
		return readAnswer(response, r.ID, c.cfg.MaxResponseSize, c.Retry.Max)
	})
}

// Count returns the number of documents that the answer's header X-Total-Count gives. Its
// errors are those of Do, and ErrNoCount.
func (c *Client) Count(ctx context.Context, r Request) (int64, error) {
	return do(ctx, c, r, func(response *http.Response) (int64, error) {
		return readCount(response, c.Retry.Max)
	})
}

func do[T any](ctx context.Context, c *Client, r Request, read func(*http.Response) (T, error)) (T, error) {
	var attempts uint
	return retry.Do(ctx, c.Retry, func() (answer T, err error) {
		if r.Share != nil {
			if err := r.Share.Wait(ctx); err != nil {
				return answer, err
			}
		}
		if err := c.budget.Wait(ctx); err != nil {
			return answer, err
		}
		c.used.add(time.Now())
		attempts++
		err = c.try(ctx, r, func(response *http.Response) error {
			answer, err = read(response)
			return err
		})
		status, refused := errors.AsType[*statusError](err)
		switch {
		case err == nil:
		case refused && status.status == http.StatusNotFound && r.ID != "":
			err = backoff.Permanent(ErrNotFound)
		case r.Attempts > 0 && (attempts >= r.Attempts || refused && status.refuses() || errors.Is(err, ErrNoCount)):
			err = backoff.Permanent(err)
		}
		return answer, err
	}, func(err error, next time.Duration) {
		c.telemetry.Logger.Warn("the vendor's API did not answer as expected; the request is repeated and the checkpoint stays",
			zap.String("feed", r.Feed), zap.Error(err), zap.Duration("next_attempt_in", next))
	})
}

func (c *Client) try(ctx context.Context, r Request, read func(*http.Response) error) error {
	request, err := http.NewRequestWithContext(ctx, r.Method, strings.TrimSuffix(c.cfg.ClientConfig.Endpoint, "/")+r.Path, strings.NewReader(r.Body))
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	if r.Body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	token, err := c.tokens.get(ctx)
	if err != nil {
		c.count(ctx, r.Feed, "no token")
		return err
	}
	if token != nil {
		token.SetAuthHeader(request)
	}
	response, err := c.http.Do(request)
	if err != nil {
		c.count(ctx, r.Feed, "no answer")
		return err
	}
	defer response.Body.Close()
	c.count(ctx, r.Feed, strconv.Itoa(response.StatusCode))
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		c.clockSkew.Store(int64(date.Sub(c.Clock())))
	}
	switch response.StatusCode {
	case http.StatusUnauthorized:
		c.tokens.discard(ctx, token)
	case http.StatusTooManyRequests:
		c.throttled.Add(1)
	}
	return read(response)
}

func (c *Client) count(ctx context.Context, feed, status string) {
	c.metrics.ReceiverProvisioningRequests.Add(ctx, 1,
		metric.WithAttributes(attribute.String("feed", feed), attribute.String("status", status)))
}
