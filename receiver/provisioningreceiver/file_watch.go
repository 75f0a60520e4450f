package provisioningreceiver

import (
	"context"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"go.uber.org/zap"
)

// watch looks at the files now and then, for what the file consumer passes over.
type watch struct {
	feed    *fileFeed
	alike   *alike
	empties empties
	cancel  context.CancelFunc
	done    chan struct{}
}

// polls of the file consumer from one look to the next.
const polls = 10

func (f *fileFeed) startWatch(ctx context.Context, a *alike) *watch {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w := &watch{feed: f, alike: a, empties: empties{feed: f, reported: map[string]time.Time{}}, cancel: cancel, done: make(chan struct{})}
	go w.run(ctx)
	return w
}

func (w *watch) stop() {
	w.cancel()
	<-w.done
}

func (w *watch) run(ctx context.Context) {
	defer close(w.done)
	tick := time.NewTicker(polls * w.feed.cfg.PollInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		paths := w.feed.matches()
		w.alike.look(ctx, paths)
		if err := w.empties.look(ctx, paths); err != nil {
			return // stopped before the next consumer accepted: found again after the next start
		}
	}
}

// matches are the files that the file consumer looks at.
func (f *fileFeed) matches() []string {
	var out []string
	for _, glob := range files(f.cfg.Include) {
		paths, err := doublestar.FilepathGlob(glob, doublestar.WithFilesOnly())
		if err != nil {
			f.set.Logger.Warn("cannot look for files", zap.String("include", glob), zap.Error(err))
		}
		for _, path := range paths {
			if !f.excluded(path) {
				out = append(out, path)
			}
		}
	}
	return out
}

func (f *fileFeed) excluded(path string) bool {
	for _, glob := range f.cfg.Exclude {
		if excluded, _ := doublestar.PathMatch(glob, path); excluded {
			return true
		}
	}
	return false
}
