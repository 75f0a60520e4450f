package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// relay stands between the vendor and the webhook and knows which triggers the
// collector accepted: those must be in the stores.
type relay struct {
	to     string // URL of the webhook
	server *http.Server
	closed atomic.Bool // nothing is accepted

	mu       sync.Mutex // guards everything below
	accepted [][]byte
}

func startRelay(address, to string) (*relay, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	r := &relay{to: to}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = r.server.Serve(listener) }() // until it is closed
	return r, nil
}

func (r *relay) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if r.closed.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	status := http.StatusBadGateway
	onward, err := http.NewRequestWithContext(request.Context(), http.MethodPost, r.to, bytes.NewReader(body))
	if err == nil {
		onward.Header.Set("Content-Type", "application/json")
		if response, err := http.DefaultClient.Do(onward); err == nil {
			_ = response.Body.Close()
			status = response.StatusCode
		}
	}
	if status == http.StatusOK || status == http.StatusAccepted {
		r.mu.Lock()
		r.accepted = append(r.accepted, body)
		r.mu.Unlock()
	}
	w.WriteHeader(status)
}
