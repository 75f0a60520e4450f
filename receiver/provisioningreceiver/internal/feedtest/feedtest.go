// Package feedtest has what the tests of the feeds share: a consumer that keeps what it
// accepted, and the real file_storage extension.
package feedtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/internal/storageclient"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/delivery"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feed"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/retry"
)

// Store is a next consumer that keeps what it accepted.
type Store struct {
	mu           sync.Mutex // guards everything below
	observations map[provisioning.ID]provisioning.Observation
	quarantined  []record.Quarantined
	statements   []record.Reconciliation
	calls        int
	refuse       func() error // before each call
}

// NewStore makes an empty store.
func NewStore() *Store {
	return &Store{observations: map[provisioning.ID]provisioning.Observation{}}
}

// Capabilities implements consumer.Logs.
func (*Store) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeLogs implements consumer.Logs.
func (s *Store) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.refuse != nil {
		if err := s.refuse(); err != nil {
			return err
		}
	}
	for _, lr := range Records(logs) {
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
		case lr.EventName() == record.EventReconciliation:
			var r record.Reconciliation
			if err := record.ReadReconciliation(lr, &r); err != nil {
				return err
			}
			s.statements = append(s.statements, r)
		default:
			panic(err)
		}
	}
	return nil
}

// Records are the log records in order.
func Records(logs plog.Logs) []plog.LogRecord { return slices.Collect(record.All(logs)) }

// SetRefuse sets what decides whether a call is refused; nil accepts.
func (s *Store) SetRefuse(refuse func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

// Calls is how often the store was called.
func (s *Store) Calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// Groups counts the accepted observations by group.
func (s *Store) Groups() map[string]int {
	out := map[string]int{}
	for _, o := range s.All() {
		out[o.GroupID]++
	}
	return out
}

// All are the accepted observations.
func (s *Store) All() (out []provisioning.Observation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.observations {
		out = append(out, o)
	}
	return out
}

// Quarantine are the accepted quarantine records in order.
func (s *Store) Quarantine() []record.Quarantined {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]record.Quarantined(nil), s.quarantined...)
}

// Statements are the accepted statements of reconciliation in order.
func (s *Store) Statements() []record.Reconciliation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]record.Reconciliation(nil), s.statements...)
}

// Eventually polls until the store has exactly these groups, n observations each.
func (s *Store) Eventually(t *testing.T, n int, groups ...string) {
	t.Helper()
	want := map[string]int{}
	for _, g := range groups {
		want[g] = n
	}
	require.Eventually(t, func() bool { return maps.Equal(want, s.Groups()) }, 20*time.Second, 5*time.Millisecond,
		"want %d groups", len(groups))
}

// StorageID is the id of the storage extension.
var StorageID = component.MustNewID("file_storage")

// Host is a host with extensions.
type Host struct {
	component.Host
	Extensions map[component.ID]component.Component
}

// GetExtensions implements component.Host.
func (h Host) GetExtensions() map[component.ID]component.Component { return h.Extensions }

// StartStorage starts the real file_storage extension in a directory.
func StartStorage(t testing.TB, dir string) (Host, extension.Extension) {
	t.Helper()
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory = dir
	set := extensiontest.NewNopSettings(factory.Type())
	set.ID = StorageID
	ext, err := factory.Create(context.Background(), set, cfg)
	require.NoError(t, err)
	host := Host{componenttest.NewNopHost(), map[component.ID]component.Component{StorageID: ext}}
	require.NoError(t, ext.Start(context.Background(), host))
	return host, ext
}

// Env is what a feed of a test runs in.
type Env struct {
	feed.Settings
	Host Host
	Logs *observer.ObservedLogs

	t       testing.TB
	storage extension.Extension
	parts   []component.Component
}

// QuickRetry is short enough for tests.
var QuickRetry = retry.Policy{Initial: time.Millisecond, Max: 20 * time.Millisecond}

// NewEnv makes what a feed needs, with its storage in a directory. change may replace the
// receiver's settings.
func NewEnv(t testing.TB, from provisioning.Feed, next consumer.Logs, storageDir string, change ...func(*receiver.Settings)) *Env {
	t.Helper()
	set := receivertest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type) // the same after a restart
	core, logs := observer.New(zap.InfoLevel)
	set.Logger = zap.New(core)
	for _, c := range change {
		c(&set)
	}
	metrics, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	require.NoError(t, err)
	d, err := delivery.New(from, set, metrics, next)
	require.NoError(t, err)
	d.Retry = QuickRetry
	host, ext := StartStorage(t, storageDir)
	return &Env{
		Settings: feed.Settings{
			TelemetrySettings: set.TelemetrySettings, Metrics: metrics, Delivery: d,
			Parser: &sailpoint.Parser{Tenant: "acme", Feed: from},
			OpenStorage: func(ctx context.Context, host component.Host, name string) (storage.Client, error) {
				return storageclient.Open(ctx, host, StorageID, storageclient.Owner{Kind: component.KindReceiver, ID: set.ID, Name: name})
			},
		},
		Host: host, Logs: logs, t: t, storage: ext,
	}
}

// Start starts components in order. Stop or the end of the test stops them and the storage.
func (e *Env) Start(parts ...component.Component) {
	e.t.Helper()
	e.t.Cleanup(e.Stop)
	for _, p := range append([]component.Component{e.Delivery}, parts...) {
		e.parts = append(e.parts, p)
		require.NoError(e.t, p.Start(context.Background(), e.Host))
	}
}

// Stop stops what was started.
func (e *Env) Stop() {
	for _, p := range slices.Backward(e.parts) {
		require.NoError(e.t, p.Shutdown(context.Background()))
	}
	e.parts = nil
	if e.storage != nil {
		e.Metrics.Shutdown()
		require.NoError(e.t, e.storage.Shutdown(context.Background()))
		e.storage = nil
	}
}

// Document is a REST activity of one item.
func Document(group string) string {
	return fmt.Sprintf(`{"id":%q,"created":"2026-01-01T00:00:00Z","modified":"2026-01-02T00:00:00Z","items":[{"id":"i-%s",`+
		`"provisioningStatus":"FINISHED","operation":"ADD","attribute":"memberOf","value":"CN=%s","nativeIdentity":"ada","sourceId":"AD"}]}`, group, group, group)
}
