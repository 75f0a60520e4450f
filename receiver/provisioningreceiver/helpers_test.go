package provisioningreceiver

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

// store is a next consumer that keeps what it accepted.
type store struct {
	mu           sync.Mutex
	observations map[provisioning.ID]provisioning.Observation
	quarantined  []record.Quarantined
	calls        int
	refuse       func() error // asked before each call
}

func newStore() *store {
	return &store{observations: map[provisioning.ID]provisioning.Observation{}}
}

func (*store) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *store) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.refuse != nil {
		if err := s.refuse(); err != nil {
			return err
		}
	}
	for _, lr := range records(logs) {
		var r record.Record
		switch err := record.Read(lr, &r); {
		case err == nil:
			s.observations[r.EventID] = r.Observation
		case lr.EventName() == record.EventQuarantine:
			var q record.Quarantined
			if err := record.ReadQuarantined(lr, &q); err != nil {
				return err
			}
			s.quarantined = append(s.quarantined, q)
		default:
			panic(err)
		}
	}
	return nil
}

func records(logs plog.Logs) (out []plog.LogRecord) {
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, lr := range scope.LogRecords().All() {
				out = append(out, lr)
			}
		}
	}
	return out
}

func (s *store) setRefuse(refuse func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

// groups counts the accepted observations by group.
func (s *store) groups() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]int{}
	for _, o := range s.observations {
		out[o.GroupID]++
	}
	return out
}

func (s *store) all() (out []provisioning.Observation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.observations {
		out = append(out, o)
	}
	return out
}

func (s *store) quarantine() []record.Quarantined {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]record.Quarantined(nil), s.quarantined...)
}

// eventually polls until the store holds exactly these groups, n observations each.
func (s *store) eventually(t *testing.T, n int, groups ...string) {
	t.Helper()
	want := map[string]int{}
	for _, g := range groups {
		want[g] = n
	}
	require.Eventually(t, func() bool { return maps.Equal(want, s.groups()) }, 20*time.Second, 5*time.Millisecond,
		"want %d groups", len(groups))
}

var storageID = component.MustNewID("file_storage")

type hostWith struct {
	component.Host
	extensions map[component.ID]component.Component
}

func (h hostWith) GetExtensions() map[component.ID]component.Component { return h.extensions }

// startStorage starts the real file_storage extension in a directory.
func startStorage(t testing.TB, dir string) (component.Host, extension.Extension) {
	t.Helper()
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory = dir
	set := extensiontest.NewNopSettings(factory.Type())
	set.ID = storageID
	ext, err := factory.Create(context.Background(), set, cfg)
	require.NoError(t, err)
	host := hostWith{componenttest.NewNopHost(), map[component.ID]component.Component{storageID: ext}}
	require.NoError(t, ext.Start(context.Background(), host))
	return host, ext
}

// run is a started receiver.
type run struct {
	t        testing.TB
	receiver *logsReceiver
	storage  extension.Extension
	logs     *observer.ObservedLogs
	stopped  bool
}

// startReceiver starts a receiver with its storage; stop or the test's end stops both.
func startReceiver(t testing.TB, next consumer.Logs, storageDir string, configure func(*Config)) *run {
	t.Helper()
	return startReceiverIn(t, next, storageDir, configure, func(*receiver.Settings, map[component.ID]component.Component) {})
}

// startReceiverIn is startReceiver with other settings and further extensions.
func startReceiverIn(t testing.TB, next consumer.Logs, storageDir string, configure func(*Config),
	change func(*receiver.Settings, map[component.ID]component.Component),
) *run {
	t.Helper()
	host, ext := startStorage(t, storageDir)
	cfg := NewFactory().CreateDefaultConfig().(*Config)
	cfg.Tenant = "acme"
	cfg.Storage = &storageID
	configure(cfg)
	set := receivertest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type) // the same after a restart
	core, logs := observer.New(zap.InfoLevel)
	set.Logger = zap.New(core)
	change(&set, host.GetExtensions())
	r, err := newReceiver(set, cfg, next)
	require.NoError(t, err)
	for _, f := range r.feeds {
		switch f := f.(type) {
		case *fileFeed:
			f.sink.firstRetry, f.sink.maxRetry = time.Millisecond, 20*time.Millisecond
		case *pollFeed:
			f.sink.firstRetry, f.sink.maxRetry = time.Millisecond, 20*time.Millisecond
			f.client.firstRetry, f.client.maxRetry = time.Millisecond, 20*time.Millisecond
		case *webhookFeed:
			f.sink.firstRetry, f.sink.maxRetry = time.Millisecond, 20*time.Millisecond
		}
	}
	require.NoError(t, r.Start(context.Background(), host))
	started := &run{t: t, receiver: r, storage: ext, logs: logs}
	t.Cleanup(started.stop)
	return started
}

func (r *run) stop() {
	if r.stopped {
		return
	}
	r.stopped = true
	require.NoError(r.t, r.receiver.Shutdown(context.Background()))
	require.NoError(r.t, r.storage.Shutdown(context.Background()))
}

// reading configures the file feed for tests.
func reading(include ...string) func(*Config) {
	return func(cfg *Config) {
		file := defaultFileConfig()
		file.Include = include
		file.PollInterval = 5 * time.Millisecond
		file.IncompleteAfter = time.Hour
		cfg.File = configoptional.Some(file)
	}
}

// document is a REST activity of one item.
func document(group string) string {
	return fmt.Sprintf(`{"id":%q,"created":"2026-01-01T00:00:00Z","modified":"2026-01-02T00:00:00Z","items":[{"id":"i-%s",`+
		`"provisioningStatus":"FINISHED","operation":"ADD","attribute":"memberOf","value":"CN=%s","nativeIdentity":"ada","sourceId":"AD"}]}`, group, group, group)
}
