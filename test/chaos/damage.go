package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/blackbox"
)

// What happens to a file of an hour that is not sealed yet.
const (
	whileRunning = "running"   // it is deleted, and the collector runs on
	whileDown    = "down"      // the collector does not run
	withItsLink  = "with-link" // nor is the link left that would bring the file back
)

// keptDir is where the archive has the links to files of open hours.
const keptDir = "_open"

// damage is what people did to the archive.
type damage struct {
	lost    map[string]bool   // files of open hours that cannot come back
	changed map[string]string // sealed files, and what verify must call them
	early   int               // hours that were sealed before their time
}

func (d *damage) any() bool { return len(d.lost)+len(d.changed) > 0 }

func (r *run) archiveDir() string { return filepath.Join(r.disks.path("archive"), "data") }

func (r *run) stateDir() string { return filepath.Join(r.disks.path("state"), "groups") }

// deleteState kills the collector and deletes the processor's state. Nothing is on its way then:
// what is in a queue cannot be read back.
func (a *act) deleteState() error {
	a.feeder.hold.Lock()
	defer a.feeder.hold.Unlock()
	a.relay.closed.Store(true)
	defer a.relay.closed.Store(false)
	a.wires[vendorName].setCut(true)
	defer a.wires[vendorName].setCut(false)
	if err := a.quiet(); err != nil {
		return err
	}
	a.collector.want(false)
	defer a.collector.want(true)
	a.collector.kill()
	return errors.Join(os.RemoveAll(a.stateDir()), syncDir(filepath.Dir(a.stateDir())))
}

// quiet waits until the exporters' queues have been empty for longer than a feed takes to store
// how far it has read.
func (a *act) quiet() error {
	const storing = 8 * time.Second
	var since time.Time
	return blackbox.Await(a.ctx, 2*time.Minute, func() error {
		queued, err := a.collector.queued(a.ctx)
		if err != nil || queued > 0 {
			since = time.Time{}
			return fmt.Errorf("%.0f items stay in the exporters' queues: %w", queued, errors.Join(err, errDiffers))
		}
		if since.IsZero() {
			since = time.Now()
		}
		if time.Since(since) < storing {
			return errDiffers
		}
		return nil
	})
}

// deleteOpenFile deletes a file of an hour that is not sealed. It must come back; without its
// link it must be named when the hour is sealed.
func (a *act) deleteOpenFile() error {
	if a.What != whileRunning {
		a.collector.want(false)
		defer a.collector.want(true)
		a.collector.kill()
	}
	names, err := a.openFiles(a.ctx)
	if err != nil || len(names) == 0 {
		return err
	}
	name := names[int(a.At.Milliseconds())%len(names)]
	path := filepath.Join(a.archiveDir(), name)
	if a.What == withItsLink {
		a.damage.lost[name] = true
		err = remove(filepath.Join(a.archiveDir(), keptDir, name))
	}
	if err = errors.Join(err, remove(path)); err != nil || a.What == withItsLink {
		return err
	}
	a.collector.want(true)
	return blackbox.Await(a.ctx, time.Minute, func() error {
		if _, err := os.Lstat(path); err != nil {
			return fmt.Errorf("a deleted file does not come back: %w; the log ends with:\n%s", err, blackbox.Tail(a.collector.log(), 3))
		}
		return nil
	})
}

// openFiles are the files of open hours that have a link and that the exporter remembers.
func (r *run) openFiles(ctx context.Context) (names []string, err error) {
	known, err := remembered(r.archiveDir() + "-signing-key.pem.head").Load(ctx)
	for _, name := range known.Open {
		if exists(filepath.Join(r.archiveDir(), name)) && exists(filepath.Join(r.archiveDir(), keptDir, name)) {
			names = append(names, name)
		}
	}
	return names, err
}

// remembered is the file beside the archive's key. Only the names of open files are read from
// it, and nothing is written: the time of whoever seals hours early must not become the
// collector's.
type remembered string

func (m remembered) String() string { return string(m) }

func (m remembered) Load(context.Context) (archive.State, error) {
	var state archive.State
	text, err := os.ReadFile(string(m))
	if err == nil {
		err = json.Unmarshal(text, &state)
	}
	return archive.State{Open: state.Open}, err
}

func (remembered) Save(context.Context, archive.State) error { return nil }

// isSealed reports whether the hour of a file has a seal.
func (r *run) isSealed(name string) bool {
	part := strings.Split(name, "/") // tenant, date, hour, file
	return len(part) == 4 && exists(filepath.Join(r.archiveDir(), "_chain", part[1], part[2]+".seal"))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// remove removes a file so that it does not come back after a power cut.
func remove(path string) error { return errors.Join(os.Remove(path), syncDir(filepath.Dir(path))) }

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
