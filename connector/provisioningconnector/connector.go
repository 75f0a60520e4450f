package provisioningconnector

import (
	"context"
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/provtrail/provtrail/connector/provisioningconnector/internal/metadata"
	"github.com/provtrail/provtrail/internal/storageclient"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// tracer is the connector. It holds the newest record of each activity of a group until
// the group's record says that the group is finished, and then sends the whole trace.
// A batch that comes again changes nothing, so a failing consumer may be retried.
type tracer struct {
	cfg       *Config
	id        component.ID
	next      consumer.Traces
	telemetry *metadata.TelemetryBuilder

	mu    sync.Mutex // guards cache; held while sending, so that a trace is sent once
	cache *groupCache

	groupStore *groupStore           // nil: none is configured
	dirty      map[groupKey]struct{} // changed since the store was written
}

func newConnector(set connector.Settings, cfg *Config, next consumer.Traces) (*tracer, error) {
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	t := &tracer{cfg: cfg, id: set.ID, next: next, telemetry: builder, dirty: map[groupKey]struct{}{}}
	t.cache, err = newGroupCache(cfg.MaxGroups)
	return t, err
}

// Start implements component.Component: it brings back the groups that were under way.
func (t *tracer) Start(ctx context.Context, host component.Host) error {
	if t.cfg.Storage == nil {
		return nil
	}
	client, err := storageclient.Open(ctx, host, *t.cfg.Storage, storageclient.Owner{Kind: component.KindConnector, ID: t.id})
	if err != nil {
		return err
	}
	t.groupStore = &groupStore{client}
	t.cache.stored = true
	if err := t.groupStore.load(ctx, t.cache); err != nil {
		return fmt.Errorf("storage %s: %w", t.cfg.Storage, err)
	}
	return nil
}

// Shutdown implements component.Component. Everything is stored already.
func (t *tracer) Shutdown(ctx context.Context) error {
	t.telemetry.Shutdown()
	if t.groupStore == nil {
		return nil
	}
	return t.groupStore.client.Close(ctx)
}

// Capabilities implements consumer.Logs.
func (*tracer) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeLogs implements consumer.Logs. Records of other makers, quarantine records
// and observations that no processor has correlated have no place in a trace.
func (t *tracer) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	finished := map[groupKey]*group{}
	for lr := range record.All(logs) {
		t.record(lr, finished)
	}
	if n := t.cache.takeEvicted(); n > 0 {
		t.telemetry.ConnectorProvisioningEvictions.Add(ctx, int64(n))
	}
	traces := ptrace.NewTraces()
	incomplete := 0
	for _, g := range finished {
		if !writeTrace(g, traces) {
			incomplete++
		}
	}
	if traces.SpanCount() == 0 {
		return t.store(ctx)
	}
	if err := t.next.ConsumeTraces(ctx, traces); err != nil {
		return err
	}
	for _, g := range finished {
		g.sent = g.summary.Version
	}
	t.telemetry.ConnectorProvisioningTraces.Add(ctx, int64(len(finished)))
	t.telemetry.ConnectorProvisioningIncompleteTraces.Add(ctx, int64(incomplete))
	return t.store(ctx)
}

// store writes the dirty groups. After an error the sender sends the batch again.
func (t *tracer) store(ctx context.Context) error {
	if t.groupStore != nil && len(t.dirty) > 0 {
		if err := t.groupStore.write(context.WithoutCancel(ctx), t.cache, t.dirty); err != nil {
			return err
		}
	}
	clear(t.dirty)
	return nil
}

// group returns the group of a key and marks it as dirty.
func (t *tracer) group(key groupKey) *group {
	t.dirty[key] = struct{}{}
	return t.cache.group(key)
}

// record adds one record. What cannot be read was not written by the
// processor, which quarantines what it cannot read itself.
func (t *tracer) record(lr plog.LogRecord, finished map[groupKey]*group) {
	switch lr.EventName() {
	case record.EventActivity:
		var r record.Record
		if err := record.Read(lr, &r); err == nil && r.RecordType != "" {
			t.group(provisioning.TraceID(r.Tenant, r.GroupID)).observe(&r)
		}
	case record.EventGroup:
		var g record.Group
		if err := record.ReadGroup(lr, &g); err == nil {
			t.summary(g, finished)
		}
	}
}

func (t *tracer) summary(g record.Group, finished map[groupKey]*group) {
	key := provisioning.TraceID(g.Tenant, g.ID)
	h := t.group(key)
	if g.Version < h.summary.Version {
		return
	}
	h.summary = g
	h.finished = t.isFinished(&g)
	if h.finished && h.sent < g.Version {
		finished[key] = h
	} else {
		delete(finished, key)
	}
}

func (t *tracer) isFinished(g *record.Group) bool {
	open := g.Counts[provisioning.StatusUnset] + g.Counts[provisioning.StatusPending] + g.Counts[provisioning.StatusRetrying]
	if !t.cfg.CommittedIsFinished {
		open += g.Counts[provisioning.StatusCommitted]
	}
	return open == 0 && g.Activities > 0
}
