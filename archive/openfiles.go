package archive

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/internal/clock"
)

// openFiles are the files that were written into hours that are not sealed. A file that
// is gone when its hour is sealed is named in the seal.
type openFiles struct {
	mu    sync.Mutex // guards hours
	hours map[Hour]map[string]struct{}
}

func (o *openFiles) add(h Hour, name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.hours == nil {
		o.hours = map[Hour]map[string]struct{}{}
	}
	if o.hours[h] == nil {
		o.hours[h] = map[string]struct{}{}
	}
	o.hours[h][name] = struct{}{}
}

func (o *openFiles) of(h Hour) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Sorted(maps.Keys(o.hours[h]))
}

// forget drops the hours up to the last sealed one.
func (o *openFiles) forget(last Hour) {
	o.mu.Lock()
	defer o.mu.Unlock()
	maps.DeleteFunc(o.hours, func(h Hour, _ map[string]struct{}) bool { return h <= last })
}

func (o *openFiles) names() (all []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, h := range slices.Sorted(maps.Keys(o.hours)) {
		all = slices.AppendSeq(all, maps.Keys(o.hours[h]))
	}
	slices.Sort(all)
	return all
}

// keep remembers a file of an open hour, and protects it where hours are sealed. A file that
// cannot be protected is stored all the same.
func (a *Archive) keep(h Hour, name string) {
	a.open.add(h, name)
	if a.sealer.Keys() != nil {
		_ = a.store.Keep(name)
	}
}

// putBack brings back the files of open hours that were deleted, and lets go of those that
// are sealed. Nothing may be sealed meanwhile: what a seal replaced must not come back.
func (a *Archive) putBack() error {
	a.writing.RLock()
	defer a.writing.RUnlock()
	names, err := a.store.PutBack(a.lastSealed)
	for _, name := range names {
		f, _ := layout.ParseData(name)
		a.open.add(f.Hour, name)
	}
	if len(names) > 0 && a.reportPutBack != nil {
		a.reportPutBack(names)
	}
	return err
}

// findOpenFiles brings back those that were deleted, and adds the files that are there and
// those that are remembered.
func (a *Archive) findOpenFiles(ctx context.Context) error {
	if err := a.putBack(); err != nil {
		return err
	}
	list, err := blobstore.DataFiles(ctx, a.store)
	if err != nil {
		return err
	}
	for _, f := range list {
		if f.Hour > a.lastSealed {
			a.keep(f.Hour, f.Name)
		}
	}
	for _, name := range a.memory.State().Open {
		if f, ok := layout.ParseData(name); ok && f.Hour > a.lastSealed {
			a.open.add(f.Hour, name)
		}
	}
	return nil
}

// continueClock gives the clock the newest time that is known: of the last heartbeat, of
// the last seal and of the newest file.
func (a *Archive) continueClock(ctx context.Context) error {
	last, wall := a.memory.State().Clock, a.clock.Wall()
	later := func(t time.Time) { last = clock.Latest(last, t) }
	for _, r := range a.memory.Remembered {
		later(r.SealedAt)
	}
	name, err := chain.Last(ctx, a.store)
	if err != nil {
		return err
	}
	if h, ok := layout.ParseSeal(name); ok {
		// Not later than now, unless the hour had not begun: recovery seals an hour early.
		later(clock.Earliest((h + 1).Start(), clock.Latest(wall, h.Start())))
	}
	files, err := blobstore.DataFiles(ctx, a.store)
	if err != nil {
		return err
	}
	for _, f := range slices.Backward(files) {
		if start := f.Hour.Start(); !start.After(wall) { // nothing signed says that it is not planted
			later(start)
			break
		}
	}
	a.clock.Continue(last)
	return nil
}
