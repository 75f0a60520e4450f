package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// subject is a collector to be measured.
type subject struct {
	name     string
	program  string
	args     []string
	rows     string // query for the number of what was stored, each counted once
	count    string // query for a number that is no smaller, and costs the server nothing
	want     uint64 // when all of the input is
	archive  string // what it writes besides the tables, in its data folder
	profiles string // folder for its profiles, empty for none
}

const ours = "provtrail"

func provtrail(o options, in input) subject {
	return subject{
		name: ours, program: o.provtrail, profiles: o.profiles,
		args:  []string{"--config", "collector-config.yaml", "--config", "bench/pipeline/provtrail.yaml"},
		rows:  "SELECT uniqExact(event_id) FROM provisioning_observations WHERE record_type = 'observation'",
		count: "SELECT count() FROM provisioning_observations",
		want:  uint64(in.observations), archive: "archive",
	}
}

func contrib(program string, in input) subject {
	return subject{
		name: "contrib", program: program,
		args: []string{"--config", "bench/pipeline/contrib.yaml"},
		rows: "SELECT count() FROM otel_logs", count: "SELECT count() FROM otel_logs",
		want: uint64(in.documents), archive: "archive.json.zst",
	}
}

// target is the ClickHouse that the subjects write into.
type target struct {
	address string
	pid     int
}

// measurement is one run of a subject.
type measurement struct {
	name        string
	wall        time.Duration // from the file's appearance until every row can be queried
	cpu         time.Duration // of the collector, user and system
	server      time.Duration // of ClickHouse, until its merges are done
	peak        int64         // bytes of resident memory at most
	tables      int64         // bytes on the disk
	archived    int64
	latency     time.Duration // from one more document's appearance until its row can be queried
	allocations uint64        // in the collector, 0 where it does not report them
}

func (m measurement) String() string {
	return fmt.Sprintf("%-10s wall %s, cpu %s, ClickHouse's %s, peak %d MiB", m.name, m.wall.Round(time.Millisecond), m.cpu, m.server, m.peak>>20)
}

const timeout = 15 * time.Minute

func (s *subject) measure(ctx context.Context, server target, in input, dir string, round int) (m measurement, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	m.name = s.name
	inbox := filepath.Join(dir, "input")
	if err := os.MkdirAll(inbox, 0o750); err != nil {
		return m, err
	}
	database := fmt.Sprintf("%s_%s_%d", s.name, in.shape.name, round)
	db, err := driver.Open(&driver.Options{Addr: []string{server.address}})
	if err != nil {
		return m, err
	}
	defer db.Close()
	if err := db.Exec(ctx, "CREATE DATABASE "+database); err != nil {
		return m, err
	}
	p, err := s.start(ctx, server.address, dir, database)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()

	stored := func(want uint64) error {
		return errors.Join(p.await(ctx, db, database, s.count, want), p.await(ctx, db, database, s.rows, want))
	}
	profiled := s.profile(ctx, p, in.shape.name, round)
	before, allocated, serverBefore := cpu(p.Pid), p.mallocs(ctx), cpu(server.pid)
	begin := time.Now()
	if err := copyInto(inbox, "documents.ndjson", in.path); err != nil {
		return m, err
	}
	if err := stored(s.want); err != nil {
		return m, err
	}
	m.wall, m.cpu = time.Since(begin), cpu(p.Pid)-before
	m.allocations = p.mallocs(ctx) - allocated
	m.peak = p.peak()
	if err := merged(ctx, db, database); err != nil {
		return m, err
	}
	m.server = cpu(server.pid) - serverBefore
	if err := profiled(); err != nil {
		return m, err
	}
	begin = time.Now()
	if err := os.WriteFile(filepath.Join(inbox, "one.ndjson"), append(in.last, '\n'), 0o600); err != nil {
		return m, err
	}
	if err := stored(s.want + 1); err != nil {
		return m, err
	}
	m.latency = time.Since(begin)
	var bytes uint64
	err = db.QueryRow(ctx, "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = $1", database).Scan(&bytes)
	m.tables, m.archived = int64(bytes), size(filepath.Join(dir, s.archive))
	return m, errors.Join(err, db.Exec(ctx, "DROP DATABASE "+database))
}

// collector is a running subject.
type collector struct {
	*blackbox.Process
	pprof string
}

func (s *subject) start(ctx context.Context, address, dir, database string) (*collector, error) {
	ports, err := blackbox.FreePorts(5)
	if err != nil {
		return nil, err
	}
	c := &collector{pprof: ports[3]}
	c.Process, err = blackbox.Start(s.program, "", filepath.Join(dir, "log"), []string{
		"PROVTRAIL_DATA=" + dir, "PROVTRAIL_HEALTH=" + ports[0],
		"PROVTRAIL_CLICKHOUSE_NATIVE=" + address, "PROVTRAIL_CLICKHOUSE_DATABASE=" + database,
		"PROVTRAIL_CLICKHOUSE_USERNAME=default",
		"PROVTRAIL_METRICS_PORT=" + ports[1][strings.LastIndex(ports[1], ":")+1:], "PROVTRAIL_WEBHOOK=" + ports[2], "BENCH_PPROF=" + c.pprof,
	}, s.args...)
	if err != nil {
		return nil, err
	}
	if err := blackbox.Healthy(ctx, ports[0], c.Log); err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not start: %w", s.name, err), c.stop())
	}
	return c, nil
}

// await returns when the query gives what is wanted or more.
func (c *collector) await(ctx context.Context, db driver.Conn, database, query string, want uint64) error {
	ctx = driver.Context(ctx, driver.WithSettings(driver.Settings{"max_threads": 1}))
	var have uint64
	var err error
	for {
		err = db.QueryRow(ctx, strings.Replace(query, "FROM ", "FROM "+database+".", 1)).Scan(&have)
		if err == nil && have >= want {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d rows (%w); the log ends with:\n%s", have, want, errors.Join(ctx.Err(), err), blackbox.Tail(c.Log, 5))
		case <-time.After(250 * time.Millisecond):
		}
	}
}

func (c *collector) stop() error { return c.Stop(time.Minute) }

// cpu is the time the process has used. Linux counts it in hundredths of a second.
// merged waits until the server has had nothing to merge for a second.
func merged(ctx context.Context, db driver.Conn, database string) error {
	for quiet := 0; quiet < 5; quiet++ {
		var merges uint64
		if err := db.QueryRow(ctx, "SELECT count() FROM system.merges WHERE database = $1", database).Scan(&merges); err != nil {
			return err
		}
		if merges > 0 {
			quiet = -1
		}
		time.Sleep(200 * time.Millisecond)
	}
	return nil
}

// cpu is the time that a process has used, user and system.
func cpu(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func (c *collector) peak() int64 { return c.kilobytes("VmHWM:") << 10 }

func (c *collector) kilobytes(what string) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Pid))
	_, after, _ := strings.Cut(string(text), what)
	kilobytes, _ := strconv.ParseInt(strings.Fields(after + " 0")[0], 10, 64)
	return kilobytes
}

// mallocs is the number of objects the process has allocated since it started, 0 where
// it does not report them.
func (c *collector) mallocs(ctx context.Context) uint64 {
	_, after, _ := strings.Cut(string(c.debug(ctx, "allocs?debug=1")), "# Mallocs = ")
	n, _ := strconv.ParseUint(strings.Fields(after + " 0")[0], 10, 64)
	return n
}

// debug is what the process's pprof reports, empty where it has none.
func (c *collector) debug(ctx context.Context, profile string) []byte {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.pprof+"/debug/pprof/"+profile, nil)
	if err != nil {
		return nil
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return text
}

// copyInto puts a file into a folder at once, as a whole.
func copyInto(folder, name, from string) error {
	temporary := filepath.Join(filepath.Dir(folder), name)
	if err := os.Link(from, temporary); err != nil {
		return err
	}
	return os.Rename(temporary, filepath.Join(folder, name))
}

func size(path string) (bytes int64) {
	_ = filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			if info, err := entry.Info(); err == nil {
				// The archive's files of open hours have a second name.
				bytes += info.Size() / int64(info.Sys().(*syscall.Stat_t).Nlink)
			}
		}
		return nil
	})
	return bytes
}
