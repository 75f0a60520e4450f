package provisioningreceiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/receiver"
	"go.uber.org/zap"
)

// webhookFeed receives Provisioning Completed triggers. The vendor sends each once
// and looks at no answer, so a request waits for the next consumer as long as it
// may, and what is refused goes to the quarantine besides.
type webhookFeed struct {
	cfg      *WebhookConfig
	set      receiver.Settings
	sink     *sink
	inFlight chan struct{}

	server *http.Server
	done   sync.WaitGroup
}

func newWebhookFeed(cfg *WebhookConfig, set receiver.Settings, sink *sink) *webhookFeed {
	return &webhookFeed{cfg: cfg, set: set, sink: sink, inFlight: make(chan struct{}, cfg.MaxInFlight)}
}

func (f *webhookFeed) start(ctx context.Context, host component.Host) error {
	f.sink.host = host
	mux := http.NewServeMux()
	mux.HandleFunc(f.cfg.Path, f.handle)
	server, err := f.cfg.ServerConfig.ToServer(ctx, host.GetExtensions(), f.set.TelemetrySettings, mux)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	listener, err := f.cfg.ServerConfig.ToListener(ctx)
	if err != nil {
		return fmt.Errorf("webhook: cannot listen on %s: %w", f.cfg.ServerConfig.NetAddr.Endpoint, err)
	}
	f.server = server
	f.set.Logger.Info("webhook is listening", zap.Stringer("address", listener.Addr()), zap.String("path", f.cfg.Path))
	f.done.Go(func() {
		if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			f.sink.status(componentstatus.NewFatalErrorEvent(fmt.Errorf("webhook: %w", err)))
		}
	})
	return nil
}

func (f *webhookFeed) stop(ctx context.Context) error {
	if f.server == nil {
		return nil
	}
	err := f.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, f.server.Close())
	}
	f.done.Wait()
	return err
}

func (f *webhookFeed) handle(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "want POST", http.StatusMethodNotAllowed)
		return
	}
	select {
	case f.inFlight <- struct{}{}:
		defer func() { <-f.inFlight }()
	default:
		busy(w, http.StatusTooManyRequests, fmt.Sprintf("max_in_flight: %d requests are being handled", f.cfg.MaxInFlight))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		if long, ok := errors.AsType[*http.MaxBytesError](err); ok {
			http.Error(w, fmt.Sprintf("the body is longer than max_request_body_size (%d bytes)", long.Limit), http.StatusRequestEntityTooLarge)
			return
		}
		http.Error(w, "the body cannot be read: "+err.Error(), http.StatusBadRequest)
		return
	}
	var b batch
	at := pcommon.NewTimestampFromTime(time.Now())
	f.sink.parser.Parse(body, at, &b.Result)
	f.sink.quarantine(&b, at, f.cfg.Path, 0)

	ctx, cancel := context.WithTimeout(r.Context(), f.cfg.Patience)
	defer cancel()
	if err := f.sink.deliver(ctx, &b); err != nil {
		busy(w, http.StatusServiceUnavailable, "the data was not accepted in time; nothing of it is stored")
		return
	}
	if len(b.quarantined) > 0 {
		q := &b.quarantined[0]
		http.Error(w, "kept in the quarantine: "+q.Reason, http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func busy(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, reason, status)
}
