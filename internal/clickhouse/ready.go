package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// awaitAnswer returns once both interfaces answer, or with the reason they never will.
func (p *Process) awaitAnswer(ctx context.Context, httpAddr, nativeAddr string) error {
	for {
		err := errors.Join(pingHTTP(ctx, httpAddr), pingNative(ctx, nativeAddr))
		if err == nil {
			return nil
		}
		if p.tail.hasFailed() {
			return err // the engine would wait on for a next query
		}
		select {
		case <-p.done:
			return fmt.Errorf("process %d ended at once: %w", p.Pid(), errors.Join(p.err, errEnded(p.err)))
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pollInterval):
		}
	}
}

// Ping returns an error where the engine's process does not answer a request within a few
// seconds.
func (e *Engine) Ping(ctx context.Context) error { return pingHTTP(ctx, e.HTTPAddr()) }

func errEnded(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return nil
}

func pingHTTP(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/ping", http.NoBody)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64))
	if err != nil {
		return err
	}
	if answer := strings.TrimSpace(string(body)); answer != "Ok." {
		return fmt.Errorf("http://%s/ping answered %d %q", addr, res.StatusCode, answer)
	}
	return nil
}

// pingNative only connects: a handshake needs a user that the configuration may not have,
// and clickhouse-local does not survive one that fails.
func pingNative(ctx context.Context, addr string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
