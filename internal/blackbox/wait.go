package blackbox

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Sleep sleeps until ctx ends.
func Sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// Await polls a condition until it holds; otherwise the error is its last one.
func Await(ctx context.Context, within time.Duration, condition func() error) error {
	deadline := time.Now().Add(within)
	for {
		err := condition()
		if err == nil || time.Now().After(deadline) || ctx.Err() != nil {
			return err
		}
		Sleep(ctx, 100*time.Millisecond)
	}
}

// Get returns the status and the text of an answer.
func Get(ctx context.Context, url string) (status int, text string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}
