package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// usage is what a process has used.
type usage struct {
	cpu      time.Duration
	passed   int64 // bytes given to write calls, those to sockets included
	dirtied  int64 // bytes of the pages that write calls changed
	resident int64 // bytes
}

// writtenSince is a bound of the bytes that went to the disk, or will. Linux counts the pages that a
// write changes: where it keeps a file in large folios, a megabyte for four kilobytes.
func (u usage) writtenSince(before usage) int64 {
	return min(u.passed-before.passed, u.dirtied-before.dirtied)
}

// counters are the state of a pipeline at one moment.
type counters struct {
	at                time.Time
	collector, engine usage
	rows              int64 // rows of observations that are stored
	merged, inserted  int64 // rows, all tables
	syncs             int64 // of files and directories, by ClickHouse
}

func (p *pipeline) read(ctx context.Context) (c counters, err error) {
	c.at = time.Now()
	collector, err := process.NewProcessWithContext(ctx, int32(p.collector.Pid))
	if err != nil {
		return c, err
	}
	children, err := collector.ChildrenWithContext(ctx)
	if err == nil && len(children) == 0 {
		err = errors.New("the collector has no child process: is clickhouse_embedded in the configuration?")
	}
	if err != nil {
		return c, err
	}
	if c.collector, err = usageOf(ctx, collector); err != nil {
		return c, err
	}
	if c.engine, err = usageOf(ctx, children[0]); err != nil {
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

func usageOf(ctx context.Context, p *process.Process) (usage, error) {
	times, err := p.TimesWithContext(ctx)
	files, err2 := p.IOCountersWithContext(ctx)
	memory, err3 := p.MemoryInfoWithContext(ctx)
	if err := errors.Join(err, err2, err3); err != nil {
		return usage{}, err
	}
	return usage{
		cpu: time.Duration((times.User + times.System) * float64(time.Second)), passed: int64(files.WriteBytes), dirtied: int64(files.DiskWriteBytes), resident: int64(memory.RSS),
	}, nil
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
		collectorBytes:    float64(b.collector.writtenSince(a.collector)) / seconds,
		engineBytes:       float64(b.engine.writtenSince(a.engine)) / seconds,
		syncs:             float64(b.syncs-a.syncs) / seconds,
		collectorResident: b.collector.resident, engineResident: b.engine.resident,
	}
	if text > 0 {
		f.timesText = float64(b.collector.writtenSince(a.collector)) / float64(text)
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
