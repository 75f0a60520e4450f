package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
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

// collector keeps the real program running, however often it is killed.
type collector struct {
	program, root, dir string
	env                []string
	health, metrics    string        // addresses
	started            func(pid int) // called with each new process

	mu      sync.Mutex // guards everything below
	current *blackbox.Process
	wanted  bool // it is to run
	kills   int
	own     int // ends of its own
}

// run starts the collector whenever it is wanted and not there, until ctx ends.
func (c *collector) run(ctx context.Context) {
	for ctx.Err() == nil {
		c.mu.Lock()
		if c.current != nil {
			select {
			case <-c.current.Done():
				c.own++
				c.current = nil
			default:
			}
		}
		if c.current == nil && c.wanted {
			if p, err := blackbox.Start(c.program, c.root, c.log(), c.env, c.args()...); err == nil {
				c.current = p
				c.started(p.Pid)
			}
		}
		c.mu.Unlock()
		sleep(ctx, 50*time.Millisecond)
	}
}

func (c *collector) log() string { return filepath.Join(c.dir, "collector.log") }

func (c *collector) args() []string {
	return []string{
		"--config", "collector-config.yaml", "--config", "sailpoint-config.yaml", "--config", filepath.Join(c.dir, "chaos.yaml"),
	}
}

// want sets whether the collector is to run.
func (c *collector) want(wanted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted = wanted
}

// take hands the running process over, if there is one, to be ended.
func (c *collector) take() *blackbox.Process {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.current
	c.current = nil
	return p
}

func (c *collector) kill() {
	if p := c.take(); p != nil {
		p.Kill()
		c.mu.Lock()
		c.kills++
		c.mu.Unlock()
	}
}

// stop ends the collector in order. It may not want to: then that is an error.
func (c *collector) stop() error {
	p := c.take()
	if p == nil {
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

func (c *collector) signal(s os.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		_ = c.current.Signal(s) // it may have ended
	}
}

// pid is 0 while it does not run.
func (c *collector) pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil {
		return 0
	}
	return c.current.Pid
}

// healthy waits until the collector reports that its pipeline is up.
func (c *collector) healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return blackbox.Healthy(ctx, c.health, c.log())
}

// queued is how many items the exporters' queues hold.
func (c *collector) queued(ctx context.Context) (items float64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.metrics+"/metrics", http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && strings.HasPrefix(fields[0], "otelcol_exporter_queue_size{") {
			n, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			if err != nil {
				return 0, err
			}
			items += n
		}
	}
	return items, nil
}

// second runs another collector over the same folders, with addresses of its own, as
// somebody does by mistake. It must end with an error that names the cause.
func (c *collector) second(ctx context.Context) (string, error) {
	ports, err := blackbox.FreePorts(4)
	if err != nil {
		return "", err
	}
	_, metrics, err := net.SplitHostPort(ports[3])
	if err != nil {
		return "", err
	}
	log := filepath.Join(c.dir, "second.log")
	p, err := blackbox.Start(c.program, c.root, log, append(c.env,
		"PROVTRAIL_HEALTH="+ports[0], "PROVTRAIL_REPORT="+ports[1], "PROVTRAIL_WEBHOOK="+ports[2], "PROVTRAIL_METRICS_PORT="+metrics), c.args()...)
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
