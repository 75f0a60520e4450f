package simulate

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/provtrail/provtrail/internal/simulate/api"
)

// Serve answers on the listener, and delivers triggers if hook has an address,
// until ctx ends. It closes the listener.
func Serve(ctx context.Context, l net.Listener, s *api.Server, hook api.Webhook) error {
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	if hook.URL != "" {
		wg.Go(func() { s.Run(ctx, hook) })
	}
	wg.Go(func() {
		<-ctx.Done()
		grace, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer done()
		if server.Shutdown(grace) != nil {
			_ = server.Close() // whoever is still reading has had the time
		}
	})
	err := server.Serve(l)
	cancel()
	wg.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
