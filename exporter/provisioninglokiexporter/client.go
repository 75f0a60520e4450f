package provisioninglokiexporter

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

const (
	pushPath = "/loki/api/v1/push"
	// maxAnswer bounds how much of Loki's answer is read: it lists refused entries.
	maxAnswer = 4 << 10
)

// refusal is Loki's answer that entries of a request will never be accepted. Loki
// keeps the good entries of such a request, but does not say which they were.
type refusal struct {
	code   int
	answer string
}

func (r *refusal) Error() string { return fmt.Sprintf("HTTP %d: %s", r.code, r.answer) }

// client pushes requests and classifies the answers.
type client struct {
	http  *http.Client
	url   string
	agent string
}

// pushURL completes an endpoint that names only the server.
func pushURL(endpoint string) string {
	if u, err := url.Parse(endpoint); err == nil && strings.Trim(u.Path, "/") == "" {
		u.Path = pushPath
		return u.String()
	}
	return endpoint
}

// push sends one request. It returns nil when Loki accepted it, a *refusal when Loki
// will not take it as it is, and any other error when it may work later: a
// connection that fails, 429 and 5xx, and also answers that speak of the address
// or the rights (401, 403, 404), which somebody must put right.
func (c *client) push(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("push to Loki at %s: %w", c.url, err)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("User-Agent", c.agent)
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("push to Loki (kept, tried again): %w", err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // the status decides, the text explains
	answer := strings.TrimSpace(string(text))

	switch code := resp.StatusCode; {
	case code/100 == 2 && !isPage(resp.Header):
		return nil
	case code == http.StatusBadRequest, code == http.StatusRequestEntityTooLarge, code == http.StatusUnprocessableEntity:
		return &refusal{code: code, answer: answer}
	default:
		err := fmt.Errorf("push to Loki at %s: HTTP %d (kept, tried again): %s", c.url, code, answer)
		if delay, ok := retryAfter(resp.Header.Get("Retry-After"), time.Now()); ok {
			return exporterhelper.NewThrottleRetry(err, delay)
		}
		return err
	}
}

// isPage recognises a login or error page, which proxies also send with status 200,
// from Loki's answer, which has no body.
func isPage(h http.Header) bool { return strings.HasPrefix(h.Get("Content-Type"), "text/html") }

// retryAfter reads the header's two forms: seconds or a date.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.Atoi(value); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}
