package provisioningreportextension

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension"
	"go.uber.org/zap"

	_ "github.com/provtrail/provtrail/archive/drivers" // s3://, gs://, azblob://
	"github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/extension/provisioningreportextension/internal/pages"
	"github.com/provtrail/provtrail/internal/loopbackhttp"
)

type reporter struct {
	config *Config
	set    extension.Settings
	logger *zap.Logger
	turns  chan struct{} // one for each report that may be made
	pulls  chan struct{} // one for each file that may be downloaded
	now    func() time.Time
	keys   personalKeys

	server  *http.Server
	address net.Addr
	cancel  context.CancelFunc
	serving sync.WaitGroup
}

func newReporter(set extension.Settings, cfg *Config) *reporter {
	return &reporter{config: cfg, set: set, logger: set.Logger, now: time.Now, turns: make(chan struct{}, cfg.MaxConcurrent), pulls: make(chan struct{}, cfg.MaxDownloads)}
}

func (r *reporter) Start(ctx context.Context, host component.Host) error {
	listener, err := r.config.Server.ToListener(ctx)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	r.pages().Register(mux)
	for _, format := range report.Formats {
		mux.HandleFunc("GET /report"+format.Extension(), r.reportAs(format))
	}
	mux.HandleFunc("GET /evidence.zip", r.evidence)
	mux.HandleFunc("GET /archive/", r.listing)
	mux.HandleFunc("GET /archive/files/{name...}", r.file)
	mux.HandleFunc("GET /archive/public-key.pem", r.publicKey)
	handler := steady(r.decrypting(mux), r.config.StallTimeout, r.config.Server.WriteTimeout)
	if !r.config.guarded() {
		handler = loopbackhttp.Handler(r.config.Server.NetAddr.Endpoint, handler)
	}
	if r.server, err = r.config.Server.ToServer(ctx, host.GetExtensions(), r.set.TelemetrySettings, handler); err != nil {
		return errors.Join(err, listener.Close())
	}
	// Reports that are being made end when the collector does.
	var base context.Context
	base, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.server.BaseContext = func(net.Listener) context.Context { return base }
	r.address = listener.Addr()
	r.serving.Go(func() {
		if err := r.server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
			componentstatus.ReportStatus(host, componentstatus.NewFatalErrorEvent(err))
		}
	})
	r.logger.Info("reports are served", zap.String("url", "http://"+r.address.String()+"/"))
	return nil
}

// pages of the archive, with places of their own: they do not wait for downloads.
func (r *reporter) pages() *pages.Pages {
	return &pages.Pages{
		Directory: r.config.Directory, MaxRange: r.config.MaxRange, Timeout: r.config.PageTimeout,
		Places: make(chan struct{}, r.config.MaxConcurrent), Now: r.now,
		Shown: func(req *http.Request, start time.Time, code int, err error) {
			fields := append(access(req, start), zap.Int("code", code))
			if err != nil {
				r.logger.Warn("page failed", append(fields, zap.Error(err))...)
				return
			}
			r.logger.Info("page shown", fields...)
		},
	}
}

func (r *reporter) Shutdown(ctx context.Context) error {
	if r.server == nil {
		return nil
	}
	r.cancel()
	err := r.server.Shutdown(ctx)
	r.serving.Wait()
	return errors.Join(err, r.keys.close())
}
