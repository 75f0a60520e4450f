package clickhouseembeddedextension

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/provtrail/provtrail/extension/clickhouseembeddedextension/internal/metadatatest"
	"github.com/provtrail/provtrail/internal/clickhouse"
)

// runTests is called by the generated TestMain and never returns.
func runTests(m *testing.M) {
	RunChildIfAsked()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(filepath.Join("testdata", "data")) // of the generated lifecycle test
		os.Exit(code)
	}))
}

// statusHost keeps every status that is reported.
type statusHost struct {
	component.Host
	mu     sync.Mutex
	events []*componentstatus.Event
}

func (h *statusHost) Report(event *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event)
}

func (h *statusHost) statuses() (all []componentstatus.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, event := range h.events {
		all = append(all, event.Status())
	}
	return all
}

func testConfig(t *testing.T) *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.NativeEndpoint, cfg.HTTPEndpoint = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Directory = t.TempDir()
	return cfg
}

// running is an extension whose log and status can be read.
type running struct {
	*embedded
	host *statusHost
	logs *observer.ObservedLogs
	addr string
	pid  int
}

func startExtension(t *testing.T, tel *componenttest.Telemetry, cfg *Config) *running {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	set := metadatatest.NewSettings(tel)
	set.Logger = zap.New(core)
	ext, err := NewFactory().Create(t.Context(), set, cfg)
	require.NoError(t, err)
	r := &running{embedded: ext.(*embedded), host: &statusHost{Host: componenttest.NewNopHost()}, logs: logs}
	r.pingInterval = 50 * time.Millisecond
	require.NoError(t, ext.Start(t.Context(), r.host))
	fields := logs.FilterMessage("ClickHouse is running").All()[0].ContextMap()
	r.addr, r.pid = fields["native"].(string), int(fields["pid"].(int64))
	return r
}

func newTelemetry(t *testing.T) *componenttest.Telemetry {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	return tel
}

// connect logs in as the user that may write.
func connect(t *testing.T, ext *running) driver.Conn {
	t.Helper()
	password, err := clickhouse.ReadPassword(ext.cfg.Directory)
	require.NoError(t, err)
	conn, err := driver.Open(&driver.Options{
		Addr: []string{ext.addr}, Auth: driver.Auth{Username: clickhouse.WriterUser, Password: password},
	})
	require.NoError(t, err)
	return conn
}

func TestRestartsAClickHouseThatDies(t *testing.T) {
	tel := newTelemetry(t)
	ext := startExtension(t, tel, testConfig(t))
	conn := connect(t, ext)
	require.NoError(t, conn.Exec(t.Context(), "CREATE DATABASE d"))
	require.NoError(t, conn.Exec(t.Context(), "CREATE TABLE d.t (id UInt64) ENGINE = MergeTree ORDER BY id"))
	require.NoError(t, conn.Exec(t.Context(), "INSERT INTO d.t SELECT number FROM numbers(1000)"))

	pid := ext.pid
	for round := range 2 {
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		again := func() []observer.LoggedEntry { return ext.logs.FilterMessage("ClickHouse is running again").All() }
		require.Eventually(t, func() bool { return len(again()) == round+1 }, 30*time.Second, 10*time.Millisecond)
		pid = int(again()[round].ContextMap()["pid"].(int64))

		var count, sum uint64
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(), sum(id) FROM d.t").Scan(&count, &sum))
		assert.EqualValues(t, 1000, count)
		assert.EqualValues(t, 499500, sum)
	}
	require.NoError(t, conn.Close())
	require.NoError(t, ext.Shutdown(t.Context()))

	assert.Equal(t, []componentstatus.Status{
		componentstatus.StatusRecoverableError, componentstatus.StatusOK,
		componentstatus.StatusRecoverableError, componentstatus.StatusOK,
	}, ext.host.statuses())
	assert.ErrorContains(t, ext.host.events[0].Err(), "signal: killed")
	metadatatest.AssertEqualClickhouseEmbeddedRestarts(t, tel,
		[]metricdata.DataPoint[int64]{{Value: 2}}, metricdatatest.IgnoreTimestamp())
	require.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "nothing is left running")
}

// TestAHangingClickHouseIsReported: also while no exporter has anything to send.
func TestAHangingClickHouseIsReported(t *testing.T) {
	ext := startExtension(t, newTelemetry(t), testConfig(t))
	require.NoError(t, syscall.Kill(ext.pid, syscall.SIGSTOP))
	defer func() { require.NoError(t, ext.Shutdown(t.Context())) }()
	defer func() { _ = syscall.Kill(ext.pid, syscall.SIGCONT) }() // where the test fails
	logged := func(text string) func() bool {
		return func() bool { return ext.logs.FilterMessageSnippet(text).Len() == 1 }
	}
	require.Eventually(t, logged("ClickHouse does not answer"), 30*time.Second, 10*time.Millisecond)
	assert.Equal(t, zapcore.WarnLevel, ext.logs.FilterMessageSnippet("ClickHouse does not answer").All()[0].Level)
	require.NoError(t, syscall.Kill(ext.pid, syscall.SIGCONT))
	require.Eventually(t, logged("ClickHouse answers again"), 30*time.Second, 10*time.Millisecond)
	assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError, componentstatus.StatusOK}, ext.host.statuses())
	assert.ErrorContains(t, ext.host.events[0].Err(), "does not answer")
}

func TestAFailedLoginEndsNothing(t *testing.T) {
	ext := startExtension(t, newTelemetry(t), testConfig(t))
	wrong, err := driver.Open(&driver.Options{Addr: []string{ext.addr}, Auth: driver.Auth{Username: "nobody", Password: "x"}})
	require.NoError(t, err)
	defer wrong.Close()
	require.ErrorContains(t, wrong.Ping(t.Context()), "Authentication failed")
	conn := connect(t, ext)
	require.NoError(t, conn.Ping(t.Context()))
	require.NoError(t, conn.Close())
	require.NoError(t, syscall.Kill(ext.pid, 0), "the same process as before")
	require.NoError(t, ext.Shutdown(t.Context()))
	assert.Empty(t, ext.host.statuses())
}

func TestShutdownWhileClickHouseCannotStart(t *testing.T) {
	ext := startExtension(t, newTelemetry(t), testConfig(t))
	require.NoError(t, syscall.Kill(ext.pid, syscall.SIGKILL))
	// Someone else takes the port: every start fails until the shutdown.
	var listener net.Listener
	require.Eventually(t, func() (taken bool) {
		var err error
		listener, err = net.Listen("tcp", ext.addr)
		return err == nil
	}, 30*time.Second, time.Millisecond)
	defer listener.Close()
	require.Eventually(t, func() bool {
		return ext.logs.FilterMessage("ClickHouse is down and will be started again").Len() >= 3
	}, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, ext.Shutdown(t.Context()))
	statuses := ext.host.statuses()
	assert.Equal(t, componentstatus.StatusRecoverableError, statuses[len(statuses)-1])
	assert.ErrorIs(t, ext.host.events[len(statuses)-1].Err(), clickhouse.ErrAddressInUse)
}

func TestStartSaysWhatToDo(t *testing.T) {
	f := func(change func(*Config), want ...string) {
		t.Helper()
		cfg := testConfig(t)
		change(cfg)
		ext, err := newEmbedded(metadatatest.NewSettings(newTelemetry(t)), cfg)
		require.NoError(t, err)
		err = ext.Start(t.Context(), componenttest.NewNopHost())
		for _, text := range want {
			require.ErrorContains(t, err, text)
		}
		require.NoError(t, ext.Shutdown(t.Context()))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	f(func(c *Config) { c.NativeEndpoint = listener.Addr().String() }, "address already in use", "native_endpoint")

	ext := startExtension(t, newTelemetry(t), testConfig(t))
	f(func(c *Config) { c.Directory = ext.cfg.Directory }, "in use", "choose another directory")
	require.NoError(t, ext.Shutdown(t.Context()))

	t.Chdir(t.TempDir())
	t.Setenv("PATH", "/nowhere")
	f(func(*Config) {}, "no ClickHouse found", "make setup")
}
