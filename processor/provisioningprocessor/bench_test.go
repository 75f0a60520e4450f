//go:build unix

package provisioningprocessor_test

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/provtrail/provtrail/processor/provisioningprocessor"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

const (
	batchEvents = 1000
	loopBatches = 10 // made at once, before they are measured
)

// BenchmarkProcessor measures events per second and core, allocations per event, memory and
// disk, with durable state, at growing numbers of open groups. `make bench-processor` runs it.
func BenchmarkProcessor(b *testing.B) {
	var first, last []figure
	for _, groups := range []int{10_000, 100_000, 1_000_000} {
		b.Run(strconv.Itoa(groups), func(b *testing.B) {
			last = benchmarkGroups(b, groups)
			fmt.Println()
			for _, f := range last {
				fmt.Printf("BENCH processor_%s_at_%d %.4g %s\n", f.name, groups, f.value, f.unit)
			}
			if first == nil {
				first = last
			}
		})
	}
	for _, f := range last {
		fmt.Printf("BENCH processor_%s %.4g %s\n", f.name, f.value, f.unit)
	}
	if last != nil {
		fmt.Printf("BENCH processor_cost_ratio_vs_10000_groups %.2f ratio\n", first[0].value/last[0].value)
	}
}

type figure struct {
	name  string
	value float64
	unit  string
}

// benchmarkGroups fills the processor with open groups and then feeds it events, whose making
// is not measured.
func benchmarkGroups(b *testing.B, groups int) []figure {
	directory := b.TempDir()
	p := startProcessor(b, directory)
	l := &load{random: rand.New(rand.NewPCG(1, 2)), at: pcommon.NewTimestampFromTime(time.Now().Add(-time.Hour))}
	for filled := 0; filled < groups; filled += batchEvents {
		require.NoError(b, p.ConsumeLogs(b.Context(), l.batch(min(batchEvents, groups-filled), true)))
	}
	var cpu, elapsed time.Duration
	var allocations uint64
	for b.Loop() {
		b.StopTimer()
		var made []plog.Logs
		for range loopBatches {
			made = append(made, l.batch(batchEvents, false))
		}
		runtime.GC()
		before, from, at := mallocs(), cpuTime(), time.Now()
		b.StartTimer()
		for _, logs := range made {
			require.NoError(b, p.ConsumeLogs(b.Context(), logs))
		}
		elapsed += time.Since(at)
		cpu += cpuTime() - from
		allocations += mallocs() - before
	}
	memory := resident()
	require.NoError(b, p.Shutdown(b.Context()))
	disk, restart := size(directory), time.Now()
	p = startProcessor(b, directory)
	ready := time.Since(restart)
	require.NoError(b, p.Shutdown(b.Context()))

	events := float64(b.N * loopBatches * batchEvents)
	return []figure{
		{"events_per_second_per_core", events / cpu.Seconds(), "events/s"},
		{"events_per_second", events / elapsed.Seconds(), "events/s"},
		{"allocations_per_event", float64(allocations) / events, "allocations"},
		{"bytes_per_open_group", disk * (1 << 20) / float64(groups), "bytes"},
		{"resident", memory, "MiB"},
		{"disk", disk, "MiB"},
		{"restart_seconds", ready.Seconds(), "s"},
	}
}

// startProcessor runs a processor with durable state as a collector would.
func startProcessor(b *testing.B, directory string) processor.Logs {
	factory := provisioningprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig().(*provisioningprocessor.Config)
	cfg.CheckInterval = time.Hour
	cfg.State = configoptional.Some(provisioningprocessor.StateConfig{Directory: directory, CacheSizeMiB: 64})
	p, err := factory.CreateLogs(b.Context(), processortest.NewNopSettings(factory.Type()), cfg, consumertest.NewNop())
	require.NoError(b, err)
	require.NoError(b, p.Start(context.Background(), componenttest.NewNopHost()))
	return p
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// cpuTime is what all threads have used, the kernel's work for them included.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // fails for wrong arguments only
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is the memory of the process in MiB, 0 where /proc does not say.
func resident() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kib); n == 1 {
			return kib / 1024
		}
	}
	return 0
}

// size is that of a directory's files in MiB.
func size(directory string) float64 {
	var bytes int64
	_ = filepath.WalkDir(directory, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err == nil {
			bytes += info.Size()
		}
		return nil
	})
	return float64(bytes) / (1 << 20)
}

// load makes a tenant's events: N groups are open; each event is the next step of
// one of them, and a group that is done makes room for a new one.
type load struct {
	random *rand.Rand
	groups []openGroup // the open groups
	made   int
	at     pcommon.Timestamp
}

type openGroup struct {
	number int
	step   int
}

// life is what the feed reported of a group's activity, one event each.
var life = []struct {
	reported provisioning.Status
	word     string
}{
	{provisioning.StatusPending, "PENDING"}, {provisioning.StatusCommitted, "COMMITTED"}, {provisioning.StatusSuccess, "FINISHED"},
}

// next writes one event: of a group not begun, or of a random open one, of which
// nine in ten are among those that began last: most groups move soon after they
// began and the rest wait for long.
func (l *load) next(to plog.LogRecord, begin bool) {
	var i int
	switch {
	case begin:
		i = len(l.groups)
		l.groups = append(l.groups, openGroup{number: l.made})
		l.made++
	case l.random.IntN(10) == 0:
		i = l.random.IntN(len(l.groups))
	default:
		recent := min(len(l.groups), recentGroups)
		i = len(l.groups) - 1 - l.random.IntN(recent)
	}
	g := &l.groups[i]
	l.write(to, g)
	if g.step++; g.step == len(life) {
		*g = openGroup{number: l.made}
		l.made++
	}
}

const recentGroups = 10_000

func (l *load) write(to plog.LogRecord, g *openGroup) {
	l.at += 1_000_000
	source := g.number % 40
	o := provisioning.Observation{
		Tenant: "acme", Feed: provisioning.FeedREST, Dialect: provisioning.DialectREST,
		GroupID: hex(g.number, 1), VendorID: hex(g.number, 1), ItemID: hex(g.number, 2),
		SourceID: hex(source, 3), SourceName: fmt.Sprintf("Source %02d", source), AccountID: fmt.Sprintf("CN=User %07d,OU=People,DC=acme", g.number%200_000),
		AttributeName: "memberOf", AttributeValue: fmt.Sprintf("CN=Role %03d,OU=Groups,DC=acme", g.number%500), Operation: provisioning.OperationAdd,
		ReportedStatus: life[g.step].reported, RawStatus: life[g.step].word, Cause: provisioning.CauseAccessRequest,
		IdentityID: hex(g.number%200_000, 4), IdentityName: fmt.Sprintf("First%d Last%d", g.number%1000, g.number%200_000),
		RequesterID: hex(g.number%5000, 4), RequesterName: fmt.Sprintf("Manager%d Last%d", g.number%1000, g.number%5000),
		ApproverName: fmt.Sprintf("Owner%d Last%d", g.number%300, g.number%300), ApprovalStatus: "APPROVED",
		RequestedAt: l.at - 60_000_000_000, OccurredAt: l.at, ObservedAt: l.at + 2_000_000_000,
		Original: original,
	}
	o.EventID = provisioning.EventID(&o)
	record.WriteObservation(&o, to)
}

// original stands for the vendor's document, about as long as they are.
var original = `{"id":"` + hex(1, 9) + `","padding":"` + fmt.Sprintf("%01200d", 7) + `"}`

// hex is an id as the vendor writes them.
func hex(n, space int) string {
	x := uint64(n)*0x9e3779b97f4a7c15 + uint64(space)
	return fmt.Sprintf("%016x%016x", x^x>>29, x*0xbf58476d1ce4e5b9)
}

func (l *load) batch(n int, begin bool) plog.Logs {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	to.EnsureCapacity(n)
	for range n {
		l.next(to.AppendEmpty(), begin)
	}
	return logs
}
