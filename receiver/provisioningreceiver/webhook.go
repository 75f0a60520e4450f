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

	"github.com/provtrail/provtrail/internal/loopbackhttp"
)

// webhookFeed receives Provisioning Completed triggers. The vendor sends each once
// and looks at no answer, so a request that can be read is kept on the disk until the
// next consumer accepts it, and what is refused goes to the quarantine besides.
type webhookFeed struct {
	cfg      *WebhookConfig
	set      receiver.Settings
	sink     *sink
	storage  openStorage // nil where none is configured
	inFlight chan struct{}

	journal *journal
	waiting chan uint64 // numbers of requests that nobody waits for any more
	server  *http.Server
	cancel  context.CancelFunc
	serving sync.WaitGroup
	done    sync.WaitGroup
}

func newWebhookFeed(cfg *WebhookConfig, set receiver.Settings, sink *sink, open openStorage) *webhookFeed {
	return &webhookFeed{cfg: cfg, set: set, sink: sink, storage: open, inFlight: make(chan struct{}, cfg.MaxInFlight)}
}

func (f *webhookFeed) start(ctx context.Context, host component.Host) error {
	f.sink.host = host
	mux := http.NewServeMux()
	mux.HandleFunc(f.cfg.Path, f.handle)
	var handler http.Handler = mux
	if !f.cfg.guarded() {
		handler = loopbackhttp.Handler(f.cfg.ServerConfig.NetAddr.Endpoint, mux)
	}
	server, err := f.cfg.ServerConfig.ToServer(ctx, host.GetExtensions(), f.set.TelemetrySettings, handler)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	if err := f.open(ctx, host); err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	listener, err := f.cfg.ServerConfig.ToListener(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("webhook: cannot listen on %s: %w", f.cfg.ServerConfig.NetAddr.Endpoint, err), f.close(ctx))
	}
	f.server = server
	f.set.Logger.Info("webhook is listening", zap.Stringer("address", listener.Addr()), zap.String("path", f.cfg.Path))
	f.serving.Go(func() {
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
	f.serving.Wait()
	return errors.Join(err, f.close(ctx))
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
	request := request{at: pcommon.NewTimestampFromTime(time.Now()), body: body}
	kept, err := f.keep(r.Context(), &request)
	if errors.Is(err, errJournalFull) {
		busy(w, http.StatusTooManyRequests, fmt.Sprintf("max_waiting: %d requests wait on the disk", f.cfg.MaxWaiting))
		return
	}
	b := f.read(&request)
	ctx, cancel := context.WithTimeout(r.Context(), f.cfg.Patience)
	defer cancel()
	if err := f.sink.deliver(ctx, b); err != nil {
		if !kept {
			busy(w, http.StatusServiceUnavailable, "the data was not accepted in time; nothing of it is stored")
			return
		}
		f.waiting <- request.n
		http.Error(w, "the data is kept on the disk and will be delivered", http.StatusAccepted)
		return
	}
	if kept {
		f.journal.forget(request.n)
	}
	if len(b.quarantined) > 0 {
		q := &b.quarantined[0]
		http.Error(w, "kept in the quarantine: "+q.Reason, http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (f *webhookFeed) read(r *request) *batch {
	b := new(batch)
	f.sink.parser.Parse(r.body, r.at, &b.Result)
	f.sink.quarantine(b, r.at, f.cfg.Path, 0)
	return b
}

func busy(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, reason, status)
}
