package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// process is what the kernel knows of a process.
type process struct {
	cpu      time.Duration
	written  int64 // bytes that went to the disk, or will
	resident int64 // bytes
}

// counters are the state of a pipeline at one moment.
type counters struct {
	at                time.Time
	collector, engine process
	rows              int64 // rows of observations that are stored
	merged, inserted  int64 // rows, all tables
	syncs             int64 // of files and directories, by ClickHouse
}

func (p *pipeline) read(ctx context.Context) (c counters, err error) {
	c.at = time.Now()
	engine, err := p.engine()
	if err != nil {
		return c, err
	}
	if c.collector, err = readProcess(p.collector.Pid); err != nil {
		return c, err
	}
	if c.engine, err = readProcess(engine); err != nil {
		return c, err
	}
	if c.rows, err = p.number(ctx, "SELECT count() FROM provtrail.provisioning_observations"); err != nil {
		return c, err
	}
	for events, to := range map[string]*int64{"'MergedRows'": &c.merged, "'InsertedRows'": &c.inserted, "'FileSync', 'DirectorySync'": &c.syncs} {
		if *to, err = p.number(ctx, "SELECT sum(value) FROM system.events WHERE event IN ("+events+")"); err != nil {
			return c, err
		}
	}
	return c, nil
}

func readProcess(pid int) (p process, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return p, err
	}
	// After the name in parentheses: state is the first field, utime the 12th, stime the 13th.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	for _, field := range fields[11:13] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return p, err
		}
		p.cpu += time.Duration(ticks) * time.Second / clockTicks
	}
	p.written, err = value(fmt.Sprintf("/proc/%d/io", pid), "write_bytes:")
	if err != nil {
		return p, err
	}
	p.resident, err = value(fmt.Sprintf("/proc/%d/status", pid), "VmRSS:")
	p.resident <<= 10
	return p, err
}

// clockTicks is USER_HZ, the unit of /proc/PID/stat, which is 100 on every Linux.
const clockTicks = 100

func value(path, name string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			return strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("%s has no line %s", path, name)
}

// figures are what a run cost.
type figures struct {
	rows, collectorCPU, engineCPU      float64 // a second
	collectorBytes, engineBytes, syncs float64 // a second
	timesText, mergedPerRow            float64
	collectorResident, engineResident  int64
}

func difference(a, b counters, text int64) figures {
	seconds := b.at.Sub(a.at).Seconds()
	f := figures{
		rows:              float64(b.rows-a.rows) / seconds,
		collectorCPU:      (b.collector.cpu - a.collector.cpu).Seconds() / seconds,
		engineCPU:         (b.engine.cpu - a.engine.cpu).Seconds() / seconds,
		collectorBytes:    float64(b.collector.written-a.collector.written) / seconds,
		engineBytes:       float64(b.engine.written-a.engine.written) / seconds,
		syncs:             float64(b.syncs-a.syncs) / seconds,
		collectorResident: b.collector.resident, engineResident: b.engine.resident,
	}
	if text > 0 {
		f.timesText = float64(b.collector.written-a.collector.written) / float64(text)
	}
	if inserted := b.inserted - a.inserted; inserted > 0 {
		f.mergedPerRow = float64(b.merged-a.merged) / float64(inserted)
	}
	return f
}

func (f *figures) print(rate float64) {
	fmt.Printf("| %g | %.1f | %.1f %% | %.1f %% | %.0f | %.1f | %.0f | %.1f | %.1f | %d | %d |\n", rate, f.rows, 100*f.collectorCPU, 100*f.engineCPU,
		f.collectorBytes, f.timesText, f.engineBytes, f.syncs, f.mergedPerRow, f.collectorResident>>20, f.engineResident>>20)
	name := fmt.Sprintf("rest_%g", rate)
	fmt.Printf("BENCH %s_collector_cpu %.4f cores\nBENCH %s_clickhouse_cpu %.4f cores\n", name, f.collectorCPU, name, f.engineCPU)
	fmt.Printf("BENCH %s_syncs_per_second %.2f syncs/s\nBENCH %s_collector_bytes_ratio_vs_text %.2f ratio\nBENCH %s_merged_rows_ratio_vs_inserted %.2f ratio\n",
		name, f.syncs, name, f.timesText, name, f.mergedPerRow)
}
