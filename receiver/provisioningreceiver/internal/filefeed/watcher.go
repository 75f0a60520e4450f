package filefeed

import (
	"context"
	"runtime"
	"sync"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"
)

// watcher collects the paths that the operating system notifies changes of. It is an aid: what
// it misses, for example changes of a network file system by others, the next sweep finds.
type watcher struct {
	logger *zap.Logger
	events *fsnotify.Watcher // nil: there are no notifications

	mu       sync.Mutex // guards everything below
	changed  map[string]struct{}
	overflow bool // notifications were lost
	failed   bool // a directory cannot be watched
}

func newWatcher(logger *zap.Logger) *watcher {
	return &watcher{logger: logger, changed: map[string]struct{}{}}
}

// start begins to watch, where that is possible. kqueue, of the BSDs and macOS, is left
// alone: it opens each file.
func (w *watcher) start() {
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		return
	}
	events, err := fsnotify.NewBufferedWatcher(4096)
	if err != nil {
		w.fail(err)
		return
	}
	w.events = events
}

// run collects notifications until ctx ends.
func (w *watcher) run(ctx context.Context) {
	if w.events == nil {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-w.events.Events:
			if e.Op.Has(fsnotify.Create) || e.Op.Has(fsnotify.Write) || e.Op.Has(fsnotify.Chmod) {
				w.mu.Lock()
				w.changed[e.Name] = struct{}{}
				w.mu.Unlock()
			}
		case err := <-w.events.Errors:
			w.logger.Debug("notifications of changed files were lost; all files are searched", zap.Error(err))
			w.mu.Lock()
			w.overflow = true
			w.mu.Unlock()
		}
	}
}

// add watches a directory.
func (w *watcher) add(dir string) {
	if w.events == nil {
		return
	}
	if err := w.events.Add(dir); err != nil {
		w.fail(err)
	}
}

func (w *watcher) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.failed {
		w.logger.Warn("changes of files are not notified for all directories; the files are searched at each poll instead: "+
			"raise the limit that the error names, such as fs.inotify.max_user_watches", zap.Error(err))
	}
	w.failed = true
}

// take returns the paths that changed since the last call, and whether there may be others.
func (w *watcher) take() (paths []string, overflow bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for p := range w.changed {
		paths = append(paths, p)
	}
	overflow = w.overflow
	clear(w.changed)
	w.overflow = false
	return paths, overflow
}

// isComplete: all directories are watched.
func (w *watcher) isComplete() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.events != nil && !w.failed
}

func (w *watcher) close() {
	if w.events != nil {
		_ = w.events.Close() // only read
	}
}
