package provisioningreceiver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
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

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

// client asks the vendor's API until it answers. All feeds share it and with it
// the budget of requests.
type client struct {
	cfg       *APIConfig
	http      *http.Client
	tokens    *tokens // nil: the HTTP client's auth extension
	budget    *rate.Limiter
	logger    *zap.Logger
	telemetry *metadata.TelemetryBuilder
	ahead     atomic.Int64 // nanoseconds the vendor's clock is ahead of ours
	used      usage
	refused   atomic.Int64 // answers 429

	firstRetry, maxRetry time.Duration
}

func newClient(cfg *APIConfig, logger *zap.Logger, telemetry *metadata.TelemetryBuilder) *client {
	// In no ten seconds more than the budget: what may come at once and what is
	// allowed afterwards together.
	atOnce := max(1, cfg.RequestsPer10s/25)
	perSecond := max(float64(cfg.RequestsPer10s-atOnce), 1) / 10
	return &client{
		cfg: cfg, logger: logger, telemetry: telemetry, budget: rate.NewLimiter(rate.Limit(perSecond), atOnce),
		firstRetry: 500 * time.Millisecond, maxRetry: 30 * time.Second,
	}
}

func (c *client) open(ctx context.Context, host component.Host, settings component.TelemetrySettings) error {
	http, err := c.cfg.ClientConfig.ToClient(ctx, host.GetExtensions(), settings)
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	// The API redirects nowhere. Whoever could make it do so would be sent the token.
	http.CheckRedirect = noRedirect
	c.http = http
	if c.cfg.ClientID != "" {
		c.tokens = newTokens(c.cfg, http)
	}
	return nil
}

// noRedirect leaves an answer that leads elsewhere as it is: an error with its status.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (c *client) close() {
	if c.http != nil {
		c.http.CloseIdleConnections()
	}
}

// now is the vendor's clock, as its last answer told it.
func (c *client) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// errGone: the vendor has no such document any more.
var errGone = errors.New("not found")

// list asks for a JSON array until it gets one. Its only error is that ctx ended.
func (c *client) list(ctx context.Context, feed, method, path, body string) ([]byte, error) {
	return c.insist(ctx, feed, method, path, body, "")
}

// get asks for the document of an id until it gets it, or errGone.
func (c *client) get(ctx context.Context, feed, path, id string) ([]byte, error) {
	return c.insist(ctx, feed, http.MethodGet, path, "", id)
}

// insist asks for the document of an id, or for a list if id is empty.
func (c *client) insist(ctx context.Context, feed, method, path, body, id string) ([]byte, error) {
	wait := &backoff.ExponentialBackOff{
		InitialInterval: c.firstRetry, MaxInterval: c.maxRetry,
		RandomizationFactor: backoff.DefaultRandomizationFactor, Multiplier: 2,
	}
	for {
		if err := c.budget.Wait(ctx); err != nil {
			return nil, err
		}
		c.used.add(time.Now())
		answer, err := c.ask(ctx, feed, method, path, body, id)
		if err == nil {
			return answer, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		next := wait.NextBackOff()
		if status, ok := errors.AsType[*statusError](err); ok {
			if status.status == http.StatusNotFound && id != "" {
				return nil, errGone
			}
			next = status.wait(next, c.maxRetry)
		}
		c.logger.Warn("the vendor's API did not answer as it should; asking again, the checkpoint stays",
			zap.String("feed", feed), zap.Error(err), zap.Duration("next_attempt_in", next))
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(next):
		}
	}
}

func (c *client) ask(ctx context.Context, feed, method, path, body, id string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.cfg.ClientConfig.Endpoint, "/")+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if err := c.tokens.authorise(ctx, request); err != nil {
		c.count(ctx, feed, "no token")
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		c.count(ctx, feed, "no answer")
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // it was read or is given up
	c.count(ctx, feed, strconv.Itoa(response.StatusCode))
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		c.ahead.Store(int64(time.Until(date)))
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, c.cfg.MaxResponseSize+1))
	if response.StatusCode != http.StatusOK {
		switch response.StatusCode {
		case http.StatusUnauthorized:
			c.tokens.forget()
		case http.StatusTooManyRequests:
			c.refused.Add(1)
		}
		return nil, newStatusError(response, answer)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer broke off after %d bytes: %w", len(answer), err)
	case int64(len(answer)) > c.cfg.MaxResponseSize:
		return nil, fmt.Errorf("the answer is longer than max_response_size (%d bytes): make page_size smaller", c.cfg.MaxResponseSize)
	case id == "" && !isList(answer):
		return nil, fmt.Errorf("the answer (%s, %d bytes) is no JSON array: %q", response.Header.Get("Content-Type"), len(answer), sailpoint.Redact(sailpoint.Head(answer, 100)))
	case id != "" && !isOf(answer, id):
		return nil, fmt.Errorf("the answer (%s, %d bytes) is not the document with id %q: %q", response.Header.Get("Content-Type"), len(answer), id, sailpoint.Redact(sailpoint.Head(answer, 100)))
	}
	return answer, nil
}

func isList(answer []byte) bool {
	text := bytes.TrimLeft(answer, " \t\r\n")
	return len(text) > 0 && text[0] == '[' && json.Valid(text)
}

func isOf(answer []byte, id string) bool {
	var of struct {
		ID string `json:"id"`
	}
	return json.Unmarshal(answer, &of) == nil && strings.EqualFold(of.ID, id)
}

func (c *client) count(ctx context.Context, feed, status string) {
	c.telemetry.ReceiverProvisioningRequests.Add(ctx, 1,
		metric.WithAttributes(attribute.String("feed", feed), attribute.String("status", status)))
}

// statusError is an answer with another status than 200.
type statusError struct {
	status int
	after  time.Duration // Retry-After
	body   string
}

func newStatusError(response *http.Response, answer []byte) *statusError {
	e := &statusError{status: response.StatusCode, body: sailpoint.Redact(sailpoint.Head(answer, 200))}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.after = time.Duration(seconds) * time.Second
	}
	return e
}

func (e *statusError) Error() string { return fmt.Sprintf("status %d: %q", e.status, e.body) }

// wait is how long to wait: what the vendor says and a little more, so that not
// all clients come back at once; long where asking again is unlikely to help.
func (e *statusError) wait(otherwise, most time.Duration) time.Duration {
	switch {
	case e.after > 0:
		return e.after + rand.N(e.after/4+time.Millisecond)
	case e.status == http.StatusUnauthorized || e.status == http.StatusTooManyRequests || e.status >= http.StatusInternalServerError:
		return otherwise
	default:
		return most
	}
}
