package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// report writes the table: medians, and the least and the most where it tells something.
func report(out io.Writer, in input, all []measurement) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d search documents of %d bytes (%d observations), %s, %d CPUs, %s/%s, clickhouse as a process of its own.\n\n",
		in.documents, in.bytes/int64(in.documents), in.observations, time.Now().UTC().Format(time.DateOnly), runtime.NumCPU(), runtime.GOOS, runtime.Version())
	b.WriteString("| | documents/s per core | observations/s per core | documents/s, wall clock | peak memory, MiB | bytes/document in tables | bytes/document in the archive | file to queryable row, s | allocations/observation |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|\n")
	medians := map[string]float64{}
	names := []string{}
	for _, m := range all {
		if !slices.Contains(names, m.name) {
			names = append(names, m.name)
		}
	}
	for _, name := range names {
		per := func(value func(measurement) float64) spread { return spreadOf(all, name, value) }
		documents := per(func(m measurement) float64 { return float64(in.documents) / m.cpu.Seconds() })
		medians[name] = documents.median
		peak := per(func(m measurement) float64 { return float64(m.peak >> 20) })
		medians[name+" peak"] = peak.median
		observations, allocations := "-", "-"
		if name == "provtrail" {
			observations = per(func(m measurement) float64 { return float64(in.observations) / m.cpu.Seconds() }).String()
			allocations = fmt.Sprintf("%.0f", per(func(m measurement) float64 { return float64(m.allocations) / float64(in.observations) }).median)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %.0f | %.0f | %.1f | %s |\n", name, documents, observations,
			per(func(m measurement) float64 { return float64(in.documents) / m.wall.Seconds() }), peak,
			per(func(m measurement) float64 { return float64(m.tables) / float64(in.documents) }).median,
			per(func(m measurement) float64 { return float64(m.archived) / float64(in.documents) }).median,
			per(func(m measurement) float64 { return m.latency.Seconds() }).median, allocations)
	}
	if medians["contrib"] > 0 {
		fmt.Fprintf(&b, "\nprovtrail did %.1f times the documents per core of contrib's collector, with %.2f times its peak memory.\n",
			medians["provtrail"]/medians["contrib"], medians["provtrail peak"]/medians["contrib peak"])
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "go.opentelemetry.io/collector/exporter/exporterhelper" {
				fmt.Fprintf(&b, "Collector %s.\n", module.Version)
			}
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
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
