package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report writes the table: medians, and the least and the most where they differ.
func report(out io.Writer, in input, all []measurement) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d %s, of %d bytes (%d observations); %s, %d CPUs, %s/%s, ClickHouse as a process of its own.\n\n",
		in.shape.name, in.documents, in.shape.what, in.bytes/int64(in.documents), in.observations,
		time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), runtime.GOOS, runtime.Version())
	b.WriteString("| | documents/s per core | rows stored/s per core | CPU of collector and server, ms/1,000 documents | documents/s, wall clock | peak memory, MiB | bytes/document in tables | bytes/document in files | file to queryable row, s | allocations/row |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|\n")
	medians := map[string]map[string]float64{}
	for _, name := range namesOf(all) {
		per := func(value func(measurement) float64) spread { return spreadOf(all, name, value) }
		rows := float64(in.documents)
		if name == ours {
			rows = float64(in.observations)
		}
		documents := per(func(m measurement) float64 { return float64(in.documents) / m.cpu.Seconds() })
		stored := per(func(m measurement) float64 { return rows / m.cpu.Seconds() })
		total := per(func(m measurement) float64 { return float64((m.cpu + m.server).Microseconds()) / float64(in.documents) })
		clock := per(func(m measurement) float64 { return float64(in.documents) / m.wall.Seconds() })
		peak := per(func(m measurement) float64 { return float64(m.peak >> 20) })
		allocations := per(func(m measurement) float64 { return float64(m.allocations) / rows })
		latency := per(func(m measurement) float64 { return m.latency.Seconds() })
		medians[name] = map[string]float64{
			"documents": documents.median, "rows": stored.median, "peak": peak.median, "allocations": allocations.median, "latency": latency.median, "total": total.median, "clock": clock.median,
		}
		allocated := "-"
		if allocations.median > 0 {
			allocated = fmt.Sprintf("%.0f", allocations.median)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %.0f | %.0f | %.1f | %s |\n", name, documents, stored, total, clock, peak,
			per(func(m measurement) float64 { return float64(m.tables) / float64(in.documents) }).median,
			per(func(m measurement) float64 { return float64(m.archived) / float64(in.documents) }).median, latency.median, allocated)
	}
	b.WriteString("\n")
	figures(&b, in.shape, medians[ours], medians["contrib"])
	_, err := io.WriteString(out, b.String()+"\n")
	return err
}

// figures are the lines for programs. The names without a shape are those of documents
// with one change each, where both collectors store one row a document.
func figures(b *strings.Builder, s shape, ours, contrib map[string]float64) {
	prefix := "pipeline_"
	if s.changes != 1 {
		prefix += s.name + "_"
	}
	line := func(name string, value float64, unit string) {
		fmt.Fprintf(b, "BENCH %s%s %.4g %s\n", prefix, name, value, unit)
	}
	line("events_per_second_per_core", ours["rows"], "events/s")
	line("documents_per_second_per_core", ours["documents"], "documents/s")
	line("allocations_per_event", ours["allocations"], "allocations")
	line("peak_memory", ours["peak"], "MiB")
	line("latency", ours["latency"], "s")
	if contrib == nil {
		return
	}
	line("events_per_core_ratio_vs_contrib", ours["documents"]/contrib["documents"], "ratio")
	line("rows_per_core_ratio_vs_contrib", ours["rows"]/contrib["rows"], "ratio")
	line("total_cpu_ratio_vs_contrib", ours["total"]/contrib["total"], "ratio")
	line("wall_clock_ratio_vs_contrib", contrib["clock"]/ours["clock"], "ratio")
	line("memory_ratio_vs_contrib", ours["peak"]/contrib["peak"], "ratio")
}

func namesOf(all []measurement) (names []string) {
	for _, m := range all {
		if !slices.Contains(names, m.name) {
			names = append(names, m.name)
		}
	}
	return names
}

type spread struct{ least, median, most float64 }

func (s spread) String() string { return fmt.Sprintf("%.0f (%.0f to %.0f)", s.median, s.least, s.most) }

func spreadOf(all []measurement, name string, value func(measurement) float64) spread {
	var values []float64
	for _, m := range all {
		if m.name == name {
			values = append(values, value(m))
		}
	}
	slices.Sort(values)
	return spread{values[0], values[len(values)/2], values[len(values)-1]}
}
