package feed

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Worker runs a feed's goroutines between Start and Shutdown. The zero value is ready.
type Worker struct {
	cancel context.CancelFunc
	ctx    context.Context // lives from Start to Shutdown
	wg     sync.WaitGroup
}

// stopTimeout bounds Stop where its context does not: a next consumer that ignores the
// end of its context must not hold the Collector's shutdown.
const stopTimeout = 15 * time.Second

// Start makes the context of the goroutines. The context keeps the values of ctx and
// outlives its end.
func (w *Worker) Start(ctx context.Context) {
	w.ctx, w.cancel = context.WithCancel(context.WithoutCancel(ctx))
}

// Go runs f, whose context ends with Stop.
func (w *Worker) Go(f func(ctx context.Context)) { w.wg.Go(func() { f(w.ctx) }) }

// Stop ends the goroutines' context and waits for them, at most until ctx ends. It does
// nothing without Start.
func (w *Worker) Stop(ctx context.Context) error {
	if w.cancel == nil {
		return nil
	}
	w.cancel()
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	done := make(chan struct{})
	go func() {
		w.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errors.New("the feed did not stop in time: the next consumer or a read of a file does not return; " +
			"what was not accepted is read after the next start")
	}
}
