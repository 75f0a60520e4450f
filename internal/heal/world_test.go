package heal_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter"
	"github.com/provtrail/provtrail/internal/clickhousetest"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/processor/provisioningprocessor"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }

// world is a simulated tenant whose records a real processor has sent into both stores.
type world struct {
	server *clickhousetest.Server
	// dir is the archive's directory, now the time at which everything was received.
	dir string
	now time.Time
}

// sink is the two exporters.
type sink struct {
	consumer.Logs
	archive *archive.Archive
	store   *provisioningclickhouseexporter.Client // nil for none
	// skip, where set, is asked whether the archive misses a batch.
	skip func() bool
	// state is the directory of the processor's state; empty for none.
	state string
	// err is returned for what was stored.
	err error
}

type observation = provisioning.Observation

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{server: clickhousetest.Start(t), dir: filepath.Join(t.TempDir(), "archive"), now: time.Date(2026, 11, 27, 17, 48, 1, 0, time.UTC)}
	return w
}

// database is a new database with the exporter's tables.
func (w *world) database(t testing.TB) (*provisioningclickhouseexporter.Client, driver.Conn) {
	t.Helper()
	name := w.server.Database(t)
	return w.client(t, name), w.server.Open(t, name)
}

func (w *world) client(t testing.TB, database string) *provisioningclickhouseexporter.Client {
	t.Helper()
	cfg := provisioningclickhouseexporter.NewFactory().CreateDefaultConfig().(*provisioningclickhouseexporter.Config)
	cfg.Endpoints, cfg.Database = []string{w.server.Addr}, database
	cfg.TTL, cfg.RollupTTL, cfg.QuarantineTTL = 0, 0, 0
	c, err := provisioningclickhouseexporter.Connect(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close(context.Background())) })
	return c
}

// open opens the archive for writing until the function that it returns is called.
func (w *world) open(t testing.TB) (*archive.Archive, func()) {
	t.Helper()
	a, err := archive.Open(t.Context(), w.dir, archive.Options{KeyFile: w.dir + "-signing-key.pem"})
	require.NoError(t, err)
	return a, func() { require.NoError(t, a.Close()) }
}

func (w *world) view(t testing.TB) *archive.View {
	t.Helper()
	v, err := archive.OpenView(t.Context(), w.dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	return v
}

// fill sends the observations of a tenant's days through a processor into the archive, and
// into a database where it is not nil, in batches.
func (w *world) fill(t testing.TB, into *provisioningclickhouseexporter.Client, days float64, perDay int) {
	t.Helper()
	a, done := w.open(t)
	defer done()
	w.process(t, &sink{archive: a, store: into}, simulated(t, w.now, days, perDay))
}

// process sends observations through a new processor.
func (w *world) process(t testing.TB, to *sink, observations []provisioning.Observation) {
	t.Helper()
	p := w.processor(t, to)
	const batch = 1000
	for from := 0; from < len(observations); from += batch {
		require.NoError(t, p.ConsumeLogs(t.Context(), logsOf(observations[from:min(from+batch, len(observations))])))
	}
	require.NoError(t, p.Shutdown(context.Background()))
}

// processor is a new processor that runs.
func (w *world) processor(t testing.TB, to *sink) processor.Logs {
	t.Helper()
	factory := provisioningprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig().(*provisioningprocessor.Config)
	cfg.StalledAfter, cfg.OverdueAfter = 0, 0
	if to.state != "" {
		cfg.State = configoptional.Some(provisioningprocessor.StateConfig{Directory: to.state, CacheSizeMiB: 8})
	}
	p, err := factory.CreateLogs(t.Context(), processortest.NewNopSettings(factory.Type()), cfg, to)
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
	return p
}

func logsOf(observations []provisioning.Observation) plog.Logs {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for i := range observations {
		record.WriteObservation(&observations[i], to.AppendEmpty())
	}
	return logs
}

func (*sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *sink) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	batch, _ := columnar.Read(logs)
	batches := []*columnar.Batch{batch}
	if s.archive != nil && (s.skip == nil || !s.skip()) {
		if _, err := s.archive.WriteColumns(ctx, batches); err != nil {
			return err
		}
	}
	if s.store == nil {
		return nil
	}
	return errors.Join(s.store.Write(ctx, batches), s.err)
}

// others is a quarantined text and a reconciliation.
func (w *world) others() []*columnar.Batch {
	q := &record.Quarantined{Tenant: "acme", Reason: "broken", Original: "{", ObservedAt: w.observedAt(), Size: 1}
	q.EventID = record.QuarantineID(q)
	s := &record.Reconciliation{
		Tenant: "acme", Feed: "rest", Hour: 3600e9, ObservedAt: w.observedAt(), Verdict: record.VerdictShort, MissingIDs: []string{"a", "b"}, Missing: 2,
	}
	s.EventID = record.ReconciliationID(s)
	to := columnar.NewBuilder(2)
	to.Quarantined(q)
	to.Reconciliation(s)
	return []*columnar.Batch{to.Batch()}
}

func (w *world) observedAt() pcommon.Timestamp { return pcommon.NewTimestampFromTime(w.now) }

// simulated are the observations of a tenant's documents, in the order of its files.
func simulated(t testing.TB, now time.Time, days float64, perDay int) (all []provisioning.Observation) {
	t.Helper()
	o := simulate.DefaultOptions()
	o.Out, o.From, o.To, o.Seed, o.GroupsPerDay = t.TempDir(), now.Add(-time.Duration(days*24*float64(time.Hour))), now, 3, float64(perDay)
	_, err := simulate.Run(t.Context(), o)
	require.NoError(t, err)
	p := sailpoint.Parser{Tenant: "acme", Feed: provisioning.FeedFile}
	var result sailpoint.Result
	for document, err := range simulate.Documents(o.Inbox()) {
		require.NoError(t, err)
		p.Parse(document, pcommon.NewTimestampFromTime(now), &result)
	}
	all = result.Observations
	require.NotEmpty(t, all)
	return all
}
