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

// findOpenFiles adds the files that are there and those that are remembered.
func (a *Archive) findOpenFiles(ctx context.Context) error {
	list, err := blobstore.DataFiles(ctx, a.store)
	if err != nil {
		return err
	}
	for _, name := range a.memory.State().Open {
		if f, ok := layout.ParseData(name); ok {
			list = append(list, f)
		}
	}
	for _, f := range list {
		if f.Hour > a.lastSealed {
			a.open.add(f.Hour, f.Name)
		}
	}
	return nil
}

// continueClock gives the clock the newest time that is known: of the last heartbeat, of
// the last seal and of the newest file.
func (a *Archive) continueClock(ctx context.Context) error {
	last, wall := a.memory.State().Clock, a.clock.Wall()
	later := func(t time.Time) { last = latest(last, t) }
	for _, r := range a.memory.Remembered {
		later(r.SealedAt)
	}
	name, err := chain.Last(ctx, a.store)
	if err != nil {
		return err
	}
	if h, ok := layout.ParseSeal(name); ok {
		// Not later than now, unless the hour had not begun: recovery seals an hour early.
		later(earlier((h + 1).Start(), latest(wall, h.Start())))
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

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
