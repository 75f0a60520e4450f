// Package filefeed reads documents from files, which it follows as they grow, through
// rotation and over restarts.
//
//	watcher     which paths changed, as the operating system notifies
//	finder      which regular files the configuration selects, all or the changed ones
//	checkpoint  how far each file was accepted, by the file's identity
//	handles     files that stay open, to read what is written to them after a rotation
//	tailer      one file from its position to its end
package filefeed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"go.opentelemetry.io/collector/component"
	"golang.org/x/sync/errgroup"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feed"
)

// Feed reads documents from files.
type Feed struct {
	cfg    *Config
	set    feed.Settings
	finder *finder
	worker feed.Worker

	checkpoint *checkpoint
	handles    *handles
	byPath     map[string]*file
	unsettled  map[string]*file // by path
	polls      int
	nextSweep  time.Time
}

// New makes a feed; Start makes it read.
func New(cfg *Config, set feed.Settings) *Feed {
	return &Feed{
		cfg: cfg, set: set, finder: newFinder(cfg, set.Logger), handles: newHandles(cfg.MaxConcurrentFiles), byPath: map[string]*file{},
		unsettled: map[string]*file{},
	}
}

// Start loads the checkpoint and begins to read.
func (f *Feed) Start(ctx context.Context, host component.Host) error {
	client, err := f.set.Positions(ctx, host, "file")
	if err != nil {
		return fmt.Errorf("file: %w", err)
	}
	if f.checkpoint, err = loadCheckpoint(ctx, client, f.set.Logger); err != nil {
		return fmt.Errorf("file: %w", errors.Join(err, client.Close(ctx)))
	}
	f.finder.watcher.start()
	f.worker.Start(ctx)
	f.worker.Go(f.finder.watcher.run)
	f.worker.Go(f.run)
	return nil
}

// Shutdown ends reading. What was read and not accepted is read after the next start.
func (f *Feed) Shutdown(ctx context.Context) error {
	if f.checkpoint == nil {
		return nil
	}
	err := f.worker.Stop(ctx)
	if err == nil {
		f.checkpoint.save(ctx)
		f.handles.close()
		f.finder.watcher.close()
	}
	return errors.Join(err, f.checkpoint.client.Close(ctx))
}

func (f *Feed) run(ctx context.Context) {
	tick := time.NewTicker(f.cfg.PollInterval)
	defer tick.Stop()
	for ctx.Err() == nil {
		f.poll(ctx)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// sweepShare bounds the time that sweeps take: one part in so many.
const sweepShare = 100

// find searches the files that may have something new: all of them in a sweep, which comes
// when its time has come, notifications were lost or something missing appeared, else those
// that changed.
func (f *Feed) find() (p *pass, isSweep bool) {
	begin := time.Now()
	paths, overflow := f.finder.watcher.take()
	if !overflow && begin.Before(f.nextSweep) && !f.finder.appeared() {
		for key, file := range f.unsettled {
			if begin.Sub(file.changed) >= f.cfg.IncompleteTimeout {
				paths = append(paths, key)
			}
		}
		return f.finder.changed(paths), false
	}
	p = f.finder.sweep()
	end := time.Now()
	interval := f.cfg.SweepInterval
	if !f.finder.watcher.isComplete() {
		interval = min(interval, f.cfg.PollInterval)
	}
	f.nextSweep = end.Add(max(interval, sweepShare*end.Sub(begin)))
	return p, true
}

// poll reads what is new.
func (f *Feed) poll(ctx context.Context) {
	skip := f.polls == 0 && f.checkpoint.isNew && f.cfg.StartAt == startAtEnd
	f.polls++
	p, isSweep := f.find()
	defer p.close()
	var readers errgroup.Group
	readers.SetLimit(f.cfg.MaxConcurrentFiles)
	var reading []openFile
	read := func(o openFile) {
		reading = append(reading, o)
		readers.Go(func() error {
			t := tailer{Feed: f, openFile: o}
			if err := t.tail(ctx, skip); err != nil && ctx.Err() == nil {
				f.finder.report(o.path, err)
			}
			f.handles.add(o)
			return nil
		})
	}
	for _, x := range p.files {
		if ctx.Err() != nil {
			break
		}
		o, err := f.open(ctx, x)
		if err != nil {
			f.finder.report(x.path, err)
		} else if o.file != nil {
			read(o)
		}
	}
	f.pollOpen(isSweep, read)
	_ = readers.Wait() // each file reports its own error
	for _, o := range reading {
		if f.unsettled[o.key] = o.file; o.file.settled {
			delete(f.unsettled, o.key)
		}
	}
	if isSweep {
		f.forget()
	}
	f.checkpoint.saveDue(ctx)
}

// open opens a file that may have something new. It returns no file for other files.
func (f *Feed) open(ctx context.Context, x found) (openFile, error) {
	now := time.Now()
	known := f.byPath[x.key]
	// One that this poll has found before is being read.
	if known != nil && known.info != nil && os.SameFile(known.info, x.info) && (known.poll == f.polls || !known.due(x.info, now, f.cfg.IncompleteTimeout)) {
		known.poll, known.seen = f.polls, now
		return openFile{}, nil
	}
	handle, err := x.open()
	if errors.Is(err, fs.ErrNotExist) {
		return openFile{}, nil // it was removed since the directory was read
	}
	if err != nil {
		return openFile{}, err
	}
	info, err := handle.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return openFile{}, errors.Join(err, handle.Close())
	}
	id, err := identity(handle, x.path)
	if err != nil {
		return openFile{}, errors.Join(fmt.Errorf("the file cannot be identified: %w", err), handle.Close())
	}
	file, err := f.checkpoint.file(ctx, id)
	if err != nil {
		return openFile{}, errors.Join(err, handle.Close())
	}
	f.byPath[x.key] = file
	read := file.poll == f.polls // by another path
	file.poll, file.seen = f.polls, now
	if read || !file.due(info, now, f.cfg.IncompleteTimeout) {
		return openFile{}, handle.Close()
	}
	file.observe(info, now)
	return openFile{file, handle, x.path, x.key}, nil
}

// pollOpen reads open files that were not found, as long as their writers may still write
// to them: after a rotation they may be at no path any more.
func (f *Feed) pollOpen(isSweep bool, read func(openFile)) {
	now := time.Now()
	for _, o := range f.handles.take(func(o openFile) bool { return o.file.poll != f.polls }) {
		info, err := o.handle.Stat()
		switch {
		case err == nil && o.file.due(info, now, f.cfg.IncompleteTimeout):
			o.file.observe(info, now)
			read(o)
		case err == nil && (!isSweep || now.Sub(o.file.changed) < f.cfg.IncompleteTimeout):
			f.handles.add(o)
		default:
			_ = o.handle.Close() // it was only read
		}
	}
}

// forgetAfter is how long the position in a file that is gone is kept.
const forgetAfter = time.Hour

func (f *Feed) forget() {
	before := time.Now().Add(-forgetAfter)
	for path, file := range f.byPath {
		if file.seen.Before(before) {
			delete(f.byPath, path)
			delete(f.unsettled, path)
		}
	}
	f.checkpoint.forget(before)
}
