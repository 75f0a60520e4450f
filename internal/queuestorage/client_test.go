package queuestorage

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	minWait, maxSentWait = time.Millisecond, 50*time.Millisecond
	goleak.VerifyTestMain(m)
}

// disk is a storage in memory that can be full or stop working as if the process crashed.
type disk struct {
	component.Component
	mu      sync.Mutex
	values  map[string][]byte
	full    bool
	refused int
	batches int
	crashIn int // operations until all are refused; negative for never
}

var (
	errFull    = errors.New("no space left on device")
	errCrashed = errors.New("crashed")
)

func newDisk() *disk { return &disk{values: map[string][]byte{}, crashIn: -1} }

func (d *disk) Start(context.Context, component.Host) error { return nil }
func (d *disk) Shutdown(context.Context) error              { return nil }

func (d *disk) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return diskClient{d}, nil
}

type diskClient struct{ *disk }

func (c diskClient) Close(context.Context) error { return nil }

func (c diskClient) Get(ctx context.Context, key string) ([]byte, error) {
	op := storage.GetOperation(key)
	return op.Value, c.Batch(ctx, op)
}

func (c diskClient) Set(ctx context.Context, key string, value []byte) error {
	return c.Batch(ctx, storage.SetOperation(key, value))
}

func (c diskClient) Delete(ctx context.Context, key string) error {
	return c.Batch(ctx, storage.DeleteOperation(key))
}

func (c diskClient) Batch(_ context.Context, ops ...*storage.Operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.crashIn == 0:
		c.refused++
		return errCrashed
	case c.full:
		c.refused++
		return errFull
	}
	c.crashIn--
	c.batches++
	for _, op := range ops {
		switch op.Type {
		case storage.Get:
			op.Value = c.values[op.Key]
		case storage.Set:
			c.values[op.Key] = op.Value
		case storage.Delete:
			delete(c.values, op.Key)
		}
	}
	return nil
}

func (d *disk) set(change func(*disk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

func (d *disk) refusals() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refused
}

func (d *disk) copied() map[string][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.values)
}

// isClosed reports whether a start is over.
func isClosed(started chan struct{}) bool {
	select {
	case <-started:
		return true
	default:
		return false
	}
}

type testHost map[component.ID]component.Component

func (h testHost) GetExtensions() map[component.ID]component.Component { return h }

// destination records what it was sent.
type destination struct {
	mu   sync.Mutex
	down bool
	ids  map[string]int

	tries int
}

func (g *destination) attempts() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tries
}

func (g *destination) push(_ context.Context, l plog.Logs) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tries++
	if g.down {
		return errors.New("the destination is down")
	}
	g.ids[l.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str()]++
	return nil
}

var storageID = component.MustNewID("disk")

func open(t *testing.T, d *disk, g *destination) exporter.Logs {
	t.Helper()
	e := made(t, g)
	require.NoError(t, e.Start(t.Context(), testHost{storageID: d}))
	return e
}

func made(t *testing.T, g *destination) exporter.Logs {
	t.Helper()
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.StorageID, queue.NumConsumers = &storageID, 3
	set := exportertest.NewNopSettings(component.MustNewType("test"))
	set.TelemetrySettings = componenttest.NewNopTelemetrySettings()
	retry := exporterhelper.WithRetry(retryForEver())
	made, err := exporterhelper.NewLogs(t.Context(), set, struct{}{}, g.push, exporterhelper.WithQueue(configoptional.Some(queue)), retry)
	e, err := Wrap(set, made, err)
	require.NoError(t, err)
	return e
}

func send(ctx context.Context, e exporter.Logs, id string) error {
	l := plog.NewLogs()
	l.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(id)
	return e.ConsumeLogs(ctx, l)
}

// arrives waits until the destination has got n different items.
func (g *destination) arrives(t *testing.T, n int, why string, args ...any) {
	t.Helper()
	require.Eventuallyf(t, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return len(g.ids) >= n
	}, 20*time.Second, time.Millisecond, why, args...)
}

func (g *destination) comesBack() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = false
}

func newDestination() *destination { return &destination{down: true, ids: map[string]int{}} }

// TestFullDiskLosesNothing: accepted items are sent although the disk is full while they
// are taken from the queue.
func TestFullDiskLosesNothing(t *testing.T) {
	d, g := newDisk(), newDestination()
	e := open(t, d, g)
	for i := range 20 {
		require.NoError(t, send(t.Context(), e, strconv.Itoa(i)))
	}
	d.set(func(d *disk) { d.full = true })
	g.comesBack()
	require.Eventually(t, func() bool { return d.refusals() > 3 }, 20*time.Second, time.Millisecond)
	d.set(func(d *disk) { d.full = false })
	g.arrives(t, 20, "accepted and lost")
	require.NoError(t, e.Shutdown(t.Context()))
}

// TestStopWithAFullDisk: the exporter stops, and the next start sends its items.
func TestStopWithAFullDisk(t *testing.T) {
	d, g := newDisk(), newDestination()
	e := open(t, d, g)
	for i := range 20 {
		require.NoError(t, send(t.Context(), e, strconv.Itoa(i)))
	}
	d.set(func(d *disk) { d.full = true })
	g.comesBack()
	require.Eventually(t, func() bool { return d.refusals() > 3 }, 20*time.Second, time.Millisecond)
	require.NoError(t, e.Shutdown(t.Context()))
	d.set(func(d *disk) { d.full = false })
	e = open(t, d, g)
	g.arrives(t, 20, "lost over the restart")
	require.NoError(t, e.Shutdown(t.Context()))
}

// TestCrashWhileStartingLosesNothing: at each operation of a start that finds items whose
// sending was interrupted.
func TestCrashWhileStartingLosesNothing(t *testing.T) {
	for crashIn := range 25 {
		d, g := newDisk(), newDestination()
		first := open(t, d, g)
		for i := range 8 {
			require.NoError(t, send(t.Context(), first, strconv.Itoa(i)))
		}
		require.Eventually(t, func() bool { return g.attempts() >= 3 }, 20*time.Second, time.Millisecond, "three are being sent")
		left := d.copied()
		require.NoError(t, first.Shutdown(t.Context()))

		d = &disk{values: left, crashIn: crashIn}
		second := made(t, g)
		started := make(chan struct{})
		go func() {
			defer close(started)
			_ = second.Start(context.Background(), testHost{storageID: d})
		}()
		require.Eventually(t, func() bool { return d.refusals() > 0 || isClosed(started) }, 20*time.Second, time.Millisecond)
		left = d.copied()
		of := second.(*logs) // what is left of the crashed process
		of.stop.Do(func() { close(of.stopping) })
		<-started
		_ = second.Shutdown(t.Context())
		g.comesBack()
		third := open(t, &disk{values: left, crashIn: -1}, g)
		g.arrives(t, 8, "crashed after %d operations", crashIn)
		require.NoError(t, third.Shutdown(t.Context()))
	}
}

// TestDamagedMetadataStopsTheQueue: nothing is sent, accepted or deleted; the repaired
// storage sends everything.
func TestDamagedMetadataStopsTheQueue(t *testing.T) {
	d, g := newDisk(), newDestination()
	e := open(t, d, g)
	for i := range 8 {
		require.NoError(t, send(t.Context(), e, strconv.Itoa(i)))
	}
	require.NoError(t, e.Shutdown(t.Context()))
	whole := d.copied()
	for key := range whole {
		if isItem(key) {
			continue
		}
		damaged := maps.Clone(whole)
		damaged[key] = append([]byte{}, whole[key]...)
		damaged[key][len(damaged[key])-1] ^= 1
		d := &disk{values: damaged, crashIn: -1}
		e := open(t, d, g)
		require.ErrorContains(t, send(t.Context(), e, "new"), key)
		require.NoError(t, e.Shutdown(t.Context()))
		require.Equal(t, damaged, d.copied())
	}
	g.comesBack()
	e = open(t, &disk{values: whole, crashIn: -1}, g)
	g.arrives(t, 8, "lost")
	require.NoError(t, e.Shutdown(t.Context()))
}

func retryForEver() configretry.BackOffConfig {
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval, retry.MaxInterval, retry.MaxElapsedTime = time.Millisecond, 5*time.Millisecond, 0
	return retry
}
