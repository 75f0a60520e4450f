package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// run is one run: its processes, and what came of it.
type run struct {
	o     *options
	dir   string
	disks *disks

	collector *collector
	engine    *engine
	wires     map[string]*wire // of each peer
	vendor    *vendor
	relay     *relay
	feeder    *feeder
	log       *os.File // of the faults, a line each

	did    map[string]int
	notRun map[string]int
	lifted []string // tables that ClickHouse had refused inserts into
	damage damage
	result
}

// result is what a run is remembered by.
type result struct {
	Seed     uint64        `json:"seed"`
	Duration time.Duration `json:"duration"`
	Faults   int           `json:"faults"`
	Kills    int           `json:"collector_kills"`
	Engine   int           `json:"clickhouse_kills"`
	Own      int           `json:"collector_ends_of_its_own"` // e.g. while its disk was full
	OwnCH    int           `json:"clickhouse_ends_of_its_own"`
	Triggers int           `json:"triggers_accepted"`
	Required int           `json:"observations_required"`
	Settled  time.Duration `json:"settled_after"`
	Verified bool          `json:"archive_verified"`
	Repaired bool          `json:"repaired"` // after faults that take a person
	verdict
}

// do runs everything in a folder. The error is of the run itself; what was lost,
// doubled or wrong is in the result.
func do(ctx context.Context, o *options, program, root, dir string) (*run, error) {
	r := &run{
		o: o, dir: dir, did: map[string]int{}, notRun: map[string]int{}, wires: map[string]*wire{},
		damage: damage{lost: map[string]bool{}, changed: map[string]string{}},
	}
	r.Seed, r.Duration = o.seed, o.duration
	background, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer func() { //nolint:contextcheck // what was started is ended, also when ctx has
		r.close()
		cancel()
		running.Wait()
		r.disks.unmount()
	}()
	if err := r.open(ctx, program, root); err != nil {
		return r, err
	}
	running.Go(func() { r.collector.run(background) })
	running.Go(func() { r.vendor.tick(background) })
	watching, unwatch := context.WithCancel(ctx)
	var watched sync.WaitGroup
	watched.Go(func() { r.engine.run(watching) })
	defer watched.Wait()
	defer unwatch()
	var fed error
	var feeding sync.WaitGroup
	feeding.Go(func() { fed = r.feeder.run(ctx, o.duration*9/10, o.seed) })
	if err := r.collector.healthy(ctx); err != nil {
		return r, err
	}
	r.vendor.restart()
	r.breakThings(ctx)
	feeding.Wait()
	if err := errors.Join(fed, ctx.Err()); err != nil {
		return r, err
	}
	cancel()
	running.Wait()
	return r, r.settle(ctx)
}

// open starts everything but the collector.
func (r *run) open(ctx context.Context, program, root string) (err error) {
	if r.disks, err = openDisks(r.dir); err != nil {
		return err
	}
	env, err := blackbox.Environment(r.dir)
	if err != nil {
		return err
	}
	ports, err := blackbox.FreePorts(2 + len(peers))
	if err != nil {
		return err
	}
	relay, vendor := ports[0], ports[1]
	if r.log, err = os.Create(filepath.Join(r.dir, "faults.ndjson")); err != nil {
		return err
	}
	if r.feeder, err = prepare(program, r.dir, r.o); err != nil {
		return err
	}
	if r.engine, err = openEngine(ctx, filepath.Join(r.dir, clickHouse), env["PROVTRAIL_CLICKHOUSE_NATIVE"], env["PROVTRAIL_CLICKHOUSE_HTTP"]); err != nil {
		return err
	}
	if err := r.engine.start(ctx); err != nil {
		return err
	}
	to := map[string]string{clickHouse: r.engine.native, vendorName: vendor}
	for i, peer := range peers {
		w, err := openWire(ports[2+i], to[peer])
		if err != nil {
			return err
		}
		r.wires[peer] = w
	}
	if r.relay, err = startRelay(relay, "http://"+env["PROVTRAIL_WEBHOOK"]+"/sailpoint"); err != nil {
		return err
	}
	if r.vendor, err = startVendor(ctx, program, root, r.dir, vendor, "http://"+relay+"/", r.o); err != nil {
		return err
	}
	config := fmt.Sprintf(overlay, filepath.Join(r.disks.path("state"), "storage"), r.disks.path("queue"), r.archiveDir(), r.stateDir(), r.disks.path(clickHouse))
	env["PROVTRAIL_CLICKHOUSE_NATIVE"] = r.wires[clickHouse].address()
	ofVendor(env, r.wires[vendorName].address())
	r.collector = newCollector(program, root, r.dir, env, r.disks.join)
	return os.WriteFile(filepath.Join(r.dir, "chaos.yaml"), []byte(config), 0o600)
}

// breakThings lets the planned faults happen, each when it is due or when the one
// before is over.
func (r *run) breakThings(ctx context.Context) {
	begun := time.Now()
	for _, f := range plan(r.o) {
		if blackbox.Sleep(ctx, f.At-time.Since(begun)); ctx.Err() != nil {
			return
		}
		if onDisk(f.Kind) && !r.disks.can(f.Kind) {
			r.notRun[f.Kind]++
			continue
		}
		r.note(&f, time.Since(begun))
		r.did[f.Kind]++
		r.Faults++
		r.inflict(ctx, &f)
	}
	blackbox.Sleep(ctx, r.o.duration-time.Since(begun))
}

// note writes the fault to the log, with the time it really happened at.
func (r *run) note(f *fault, at time.Duration) {
	line, err := json.Marshal(struct {
		Really time.Duration `json:"really_at"`
		*fault
	}{at, f})
	if err == nil {
		_, _ = r.log.Write(append(line, '\n'))
	}
}

// close ends what runs.
func (r *run) close() {
	if r.collector != nil {
		r.collector.want(false)
		r.collector.kill()
	}
	if r.vendor != nil && r.vendor.process != nil {
		_ = r.vendor.process.Stop(10 * time.Second)
	}
	if r.relay != nil {
		_ = r.relay.server.Close()
	}
	for _, w := range r.wires {
		w.close()
	}
	if r.engine != nil {
		r.engine.close(context.Background())
	}
	if r.log != nil {
		_ = r.log.Close()
	}
}
