package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// overlay changes the default pipeline: ClickHouse is somebody else's process, queues
// and state lie on disks of their own, and polls follow the fast clock.
const overlay = `
extensions:
  health_check:
    component_health: {recovery_duration: 0s}
  file_storage:
    directory: %[1]s
    create_directory: true
  file_storage/queue:
    directory: %[2]s
    create_directory: true
    fsync: true
    timeout: 10s
receivers:
  provisioning:
    file:
      poll_interval: 200ms
    api:
      timeout: 10s
    rest: {interval: 1s, page_size: 50, backfill: 240h}
    search: {interval: 1s, page_size: 200, backfill: 240h}
    events: {interval: 1s, page_size: 200, backfill: 240h}
processors:
  provisioning:
    state: {directory: %[4]s}
exporters:
  provisioning_clickhouse:
    timeout: 10s
    sync_directory: %[5]s
    sending_queue: {storage: file_storage/queue}
  provisioning_parquet:
    directory: %[3]s
    sending_queue: {storage: file_storage/queue}
service:
  extensions: [health_check, file_storage, file_storage/queue, provisioning_history, provisioning_report]
`

// collector is the real program.
type collector struct {
	kept[*blackbox.Process]

	program, root, dir string
	env                blackbox.Env
}

func newCollector(program, root, dir string, env blackbox.Env, started func(pid int)) *collector {
	c := &collector{program: program, root: root, dir: dir, env: env}
	c.wanted = true
	c.begin = func(context.Context) (*blackbox.Process, int, error) {
		p, err := blackbox.Start(c.program, c.root, c.log(), c.env.List(), c.args()...)
		if err != nil {
			return nil, 0, err
		}
		started(p.Pid)
		return p, p.Pid, nil
	}
	return c
}

func (c *collector) log() string { return filepath.Join(c.dir, "collector.log") }

func (c *collector) args() []string {
	return []string{
		"--config", "collector-config.yaml", "--config", "sailpoint-config.yaml", "--config", filepath.Join(c.dir, "chaos.yaml"),
	}
}

// stop ends the collector in order. It may not want to: then that is an error.
func (c *collector) stop() error {
	p, found := c.take()
	if !found {
		return nil
	}
	select {
	case <-p.Done(): // by itself, for a fault before this one
		c.mu.Lock()
		c.own++
		c.mu.Unlock()
		return nil
	default:
		return p.Stop(time.Minute)
	}
}

// healthy waits until the collector reports that its pipeline is up.
func (c *collector) healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return blackbox.Healthy(ctx, c.env["PROVTRAIL_HEALTH"], c.log())
}

// queued is how many items the exporters' queues hold.
func (c *collector) queued(ctx context.Context) (items float64, err error) {
	_, text, err := blackbox.Get(ctx, "http://"+c.env.Metrics()+"/metrics")
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[0], "otelcol_exporter_queue_size{") {
			n, wrong := strconv.ParseFloat(fields[len(fields)-1], 64)
			err = errors.Join(err, wrong)
			items += n
		}
	}
	return items, err
}

// second runs another collector over the same folders, with addresses of its own, as
// somebody does by mistake. It must end with an error that names the cause.
func (c *collector) second(ctx context.Context) (string, error) {
	own, err := blackbox.Environment("")
	if err != nil {
		return "", err
	}
	env := maps.Clone(c.env)
	for _, name := range []string{"HEALTH", "REPORT", "WEBHOOK", "METRICS_PORT"} {
		env["PROVTRAIL_"+name] = own["PROVTRAIL_"+name]
	}
	log := filepath.Join(c.dir, "second.log")
	p, err := blackbox.Start(c.program, c.root, log, env.List(), c.args()...)
	if err != nil {
		return "", err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.Kill()
		return "", ctx.Err()
	case <-time.After(time.Minute):
		p.Kill()
		return "", fmt.Errorf("the second collector ran beside the first for a minute")
	}
	if p.Err() == nil {
		return "", fmt.Errorf("the second collector ended without an error")
	}
	return blackbox.Tail(log, 1), nil
}
