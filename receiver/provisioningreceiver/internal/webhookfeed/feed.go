// Package webhookfeed receives Provisioning Completed triggers over HTTP.
package webhookfeed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/loopbackhttp"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feed"
)

// Feed receives triggers. The vendor sends each once and ignores the answer, so a request
// that can be read is in the write-ahead log before it is handed on, and what cannot be
// parsed goes to the quarantine.
type Feed struct {
	cfg      *Config
	set      feed.Settings
	inFlight chan struct{} // has a value for each request that is handled

	wal     *wal        // nil where no storage is configured
	waiting chan uint64 // numbers of requests that were answered and are delivered later
	server  *http.Server
	serving sync.WaitGroup
	worker  feed.Worker
}

// New makes a feed; Start makes it listen.
func New(cfg *Config, set feed.Settings) *Feed {
	return &Feed{cfg: cfg, set: set, inFlight: make(chan struct{}, cfg.MaxInFlight)}
}

// Start opens the write-ahead log and listens.
func (f *Feed) Start(ctx context.Context, host component.Host) error {
	if err := f.start(ctx, host); err != nil {
		return fmt.Errorf("webhook: %w", errors.Join(err, f.Shutdown(ctx)))
	}
	return nil
}

func (f *Feed) start(ctx context.Context, host component.Host) error {
	f.worker.Start(ctx)
	if err := f.openWAL(ctx, host); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc(f.cfg.Path, f.handle)
	var handler http.Handler = mux
	if !f.cfg.isAuthenticated() {
		handler = loopbackhttp.Handler(f.cfg.ServerConfig.NetAddr.Endpoint, mux)
	}
	server, err := f.cfg.ServerConfig.ToServer(ctx, host.GetExtensions(), f.set.TelemetrySettings, handler)
	if err != nil {
		return err
	}
	listener, err := f.cfg.ServerConfig.ToListener(ctx)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", f.cfg.ServerConfig.NetAddr.Endpoint, err)
	}
	f.server = server
	f.set.Logger.Info("webhook is listening", zap.Stringer("address", listener.Addr()), zap.String("path", f.cfg.Path))
	f.serving.Go(func() {
		if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			f.set.Delivery.ReportStatus(componentstatus.NewFatalErrorEvent(fmt.Errorf("webhook: %w", err)))
		}
	})
	return nil
}

// Shutdown answers the requests under way and stops. What is in the write-ahead log is
// delivered after the next start.
func (f *Feed) Shutdown(ctx context.Context) (err error) {
	if f.server != nil {
		if err = f.server.Shutdown(ctx); err != nil {
			err = errors.Join(err, f.server.Close())
		}
		f.serving.Wait()
	}
	err = errors.Join(err, f.worker.Stop(ctx))
	if f.wal != nil {
		err = errors.Join(err, f.wal.close(ctx))
	}
	return err
}
