package apiclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/provtrail/provtrail/internal/sailpoint"
)

// readAnswer returns the body of an answer that is what was requested: the document of an
// id, or a list where id is empty.
func readAnswer(response *http.Response, id string, maxSize int64, maxWait time.Duration) ([]byte, error) {
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxSize+1))
	start := func() string { return sailpoint.Redact(sailpoint.Head(answer, maxStart)) }
	switch {
	case response.StatusCode != http.StatusOK:
		return nil, newStatusError(response.StatusCode, response.Header, start(), maxWait)
	case err != nil:
		return nil, fmt.Errorf("the answer broke off after %d bytes: %w", len(answer), err)
	case int64(len(answer)) > maxSize:
		return nil, fmt.Errorf("the answer is longer than max_response_size (%d bytes): make page_size smaller", maxSize)
	case id == "" && !isList(answer):
		return nil, fmt.Errorf("the answer (%s, %d bytes) is no JSON array: %q", response.Header.Get("Content-Type"), len(answer), start())
	case id != "" && !hasID(answer, id):
		return nil, fmt.Errorf("the answer (%s, %d bytes) is not the document with id %q: %q", response.Header.Get("Content-Type"), len(answer), id, start())
	}
	return answer, nil
}

func isList(answer []byte) bool {
	text := bytes.TrimLeft(answer, " \t\r\n")
	return len(text) > 0 && text[0] == '[' && json.Valid(text)
}

func hasID(answer []byte, id string) bool {
	var document struct {
		ID string `json:"id"`
	}
	return json.Unmarshal(answer, &document) == nil && strings.EqualFold(document.ID, id)
}

// ErrNoCount means that an answer has no readable X-Total-Count.
var ErrNoCount = errors.New("the answer has no count of documents in X-Total-Count")

// readCount returns the count that an answer gives.
func readCount(response *http.Response, maxWait time.Duration) (int64, error) {
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusNoContent {
		start, _ := io.ReadAll(io.LimitReader(response.Body, maxStart)) // the status is the error
		return 0, newStatusError(response.StatusCode, response.Header, sailpoint.Redact(sailpoint.Head(start, maxStart)), maxWait)
	}
	n, err := strconv.ParseInt(response.Header.Get("X-Total-Count"), 10, 64)
	if err != nil || n < 0 {
		return 0, ErrNoCount
	}
	return n, nil
}

// maxStart bounds what an error shows of an answer, in bytes.
const maxStart = 200

// statusError is an answer with another status than 200.
type statusError struct {
	status int
	wait   time.Duration // until the next attempt; 0: the usual backoff
	body   string
}

// newStatusError sets the wait to the answer's Retry-After and up to a quarter more, so
// that clients do not all come back at once, or to maxWait where a repetition is unlikely
// to help.
func newStatusError(status int, header http.Header, body string, maxWait time.Duration) *statusError {
	e := &statusError{status: status, body: body}
	if after := retryAfter(header.Get("Retry-After")); after > 0 {
		e.wait = after + rand.N(after/4+time.Millisecond) //nolint:gosec // spreads requests, is no secret
	} else if status != http.StatusUnauthorized && status != http.StatusTooManyRequests && status < http.StatusInternalServerError {
		e.wait = maxWait
	}
	return e
}

// retryAfter reads the header's two forms, seconds and a date.
func retryAfter(value string) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return time.Until(at)
	}
	return 0
}

// refuses reports whether the answer will be the same when the request is repeated.
func (e *statusError) refuses() bool {
	switch e.status {
	case http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusRequestTimeout:
		return false
	default:
		return e.status/100 == 4 || e.status == http.StatusNotImplemented
	}
}

func (e *statusError) Error() string { return fmt.Sprintf("status %d: %q", e.status, e.body) }

// As gives package backoff the wait.
func (e *statusError) As(target any) bool {
	after, ok := target.(**backoff.RetryAfterError)
	if !ok || e.wait == 0 {
		return false
	}
	*after = &backoff.RetryAfterError{Duration: e.wait}
	return true
}
