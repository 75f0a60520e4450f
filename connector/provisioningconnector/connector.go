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
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// tracer is the connector. It holds what the activities of a group told last until
// the group's record says that it is finished, and then sends the whole trace.
// Hearing a batch again changes nothing, so a failing consumer may be retried.
type tracer struct {
	cfg       *Config
	id        component.ID
	next      consumer.Traces
	telemetry *metadata.TelemetryBuilder

	mu   sync.Mutex // guards book; held while sending, so that a trace is sent once
	book *book

	shelf *shelf                // nil for none
	heard map[groupKey]struct{} // since the shelf was written
}

func newConnector(set connector.Settings, cfg *Config, next consumer.Traces) (*tracer, error) {
	builder, err := metadata.NewTelemetryBuilder(set.TelemetrySettings)
	if err != nil {
		return nil, err
	}
	t := &tracer{cfg: cfg, id: set.ID, next: next, telemetry: builder, heard: map[groupKey]struct{}{}}
	t.book, err = newBook(cfg.MaxGroups)
	return t, err
}

// Start implements component.Component: it brings back the groups that were under way.
func (t *tracer) Start(ctx context.Context, host component.Host) error {
	if t.cfg.Storage == nil {
		return nil
	}
	var err error
	if t.shelf, err = openShelf(ctx, host, *t.cfg.Storage, t.id); err != nil {
		return err
	}
	t.book.shelved = true
	if err := t.shelf.load(ctx, t.book); err != nil {
		return fmt.Errorf("storage %s: %w", t.cfg.Storage, err)
	}
	return nil
}

// Shutdown implements component.Component. Everything is stored already.
func (t *tracer) Shutdown(ctx context.Context) error {
	t.telemetry.Shutdown()
	if t.shelf == nil {
		return nil
	}
	return t.shelf.client.Close(ctx)
}

// Capabilities implements consumer.Logs.
func (*tracer) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// ConsumeLogs implements consumer.Logs. Records of other makers, quarantine records
// and observations that no processor has folded have no place in a trace.
func (t *tracer) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	finished := map[groupKey]*held{}
	t.read(logs, finished)
	if n := t.book.forgotten(); n > 0 {
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

// store writes what was heard to the shelf. After an error the sender tells it again.
func (t *tracer) store(ctx context.Context) error {
	if t.shelf != nil && len(t.heard) > 0 {
		if err := t.shelf.write(context.WithoutCancel(ctx), t.book, t.heard); err != nil {
			return err
		}
	}
	clear(t.heard)
	return nil
}

// group is the group of a key, which is heard of.
func (t *tracer) group(key groupKey) *held {
	t.heard[key] = struct{}{}
	return t.book.group(key)
}

func (t *tracer) read(logs plog.Logs, finished map[groupKey]*held) {
	for _, rl := range logs.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				t.record(lr, finished)
			}
		}
	}
}

// record takes one record in. What cannot be read was not written by the
// processor, which quarantines what it cannot read itself.
func (t *tracer) record(lr plog.LogRecord, finished map[groupKey]*held) {
	switch lr.EventName() {
	case record.EventActivity:
		var r record.Record
		if err := record.Read(lr, &r); err == nil && r.RecordType != "" {
			t.group(provisioning.TraceID(r.Tenant, r.GroupID)).hear(&r)
		}
	case record.EventGroup:
		var g record.Group
		if err := record.ReadGroup(lr, &g); err == nil {
			t.summary(g, finished)
		}
	}
}

func (t *tracer) summary(g record.Group, finished map[groupKey]*held) {
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
