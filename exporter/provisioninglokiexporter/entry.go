package provisioninglokiexporter

import (
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/grafana/loki/pkg/push"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning/record"
)

// The labels a record gives. More would make more streams: an id as a label makes
// one stream each.
const (
	labelTenant = "tenant"
	labelSource = "source"
	labelStatus = "status"
	labelKind   = "kind"
)

func isOwnLabel(name string) bool {
	return name == labelTenant || name == labelSource || name == labelStatus || name == labelKind
}

// entry is one record on its way to Loki.
type entry struct {
	labels   string // as a stream selector
	labelSet map[string]string
	push     push.Entry
	record   plog.LogRecord // what it was made of, for another try
}

// size is about what the entry adds to a request, in bytes.
func (e *entry) size() int {
	n := len(e.push.Line) + 16
	for _, m := range e.push.StructuredMetadata {
		n += len(m.Name) + len(m.Value) + 6
	}
	return n
}

// metadataOf maps the attributes that become structured metadata to their names:
// what identifies, explains and filters. Whatever else a record carries (the
// vendor's JSON above all) is in ClickHouse and the archive under its event id.
var metadataOf = func() map[string]string {
	names := make(map[string]string)
	for _, column := range []string{
		"record_type", "event_id", "feed", "dialect", "group_id", "group_number", "group_status", "activity_id",
		"previous_status", "raw_status", "odd", "operation", "cause", "source_id", "account_id", "attribute_name",
		"identity_id", "identity_name", "requester_name", "approver_name", "approval_status", "failed_on",
		"ticket_id", "item_id", "attempts", "stalled", "overdue", "state_seq", "version", "current", "folded_into",
		"reason", "field", "position", // of quarantine records
		"verdict", "vendor_count", "observed", "quarantined", "missing", "pass", // of reconciliations
	} {
		names[record.AttributePrefix+column] = column
	}
	names[record.AttributeFilePath] = "file"
	return names
}()

// entryMaker turns log records into entries.
type entryMaker struct {
	static   map[string]string // labels of every stream
	occurred bool              // use the vendor's time where there is one
}

func (m *entryMaker) entries(ld plog.Logs) []entry {
	out := make([]entry, 0, ld.LogRecordCount())
	for lr := range record.All(ld) {
		out = append(out, m.entry(lr))
	}
	return out
}

func (m *entryMaker) entry(lr plog.LogRecord) entry {
	labels := maps.Clone(m.static)
	if labels == nil {
		labels = make(map[string]string, 4)
	}
	attrs := lr.Attributes()
	label(labels, labelTenant, attrs, "tenant")
	label(labels, labelSource, attrs, "source_id")
	label(labels, labelSource, attrs, "source_name") // the name, where it is known
	label(labels, labelStatus, attrs, "status")
	label(labels, labelKind, attrs, "kind")

	line := strings.ToValidUTF8(lr.Body().AsString(), "\uFFFD")
	return entry{
		labels: selector(labels), labelSet: labels,
		push:   push.Entry{Timestamp: m.timestamp(lr, line), Line: line, StructuredMetadata: structuredMetadata(lr)},
		record: lr,
	}
}

func label(labels map[string]string, name string, attrs pcommon.Map, column string) {
	if v, ok := attrs.Get(record.AttributePrefix + column); ok && v.AsString() != "" {
		labels[name] = strings.ToValidUTF8(v.AsString(), "\uFFFD")
	}
}

// selector writes labels as Loki reads them: {a="1", b="2"}, in the order of names.
func selector(labels map[string]string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range slices.Sorted(maps.Keys(labels)) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name)
		b.WriteByte('=')
		b.WriteString(strconv.Quote(labels[name]))
	}
	b.WriteByte('}')
	return b.String()
}

func structuredMetadata(lr plog.LogRecord) push.LabelsAdapter {
	out := make(push.LabelsAdapter, 0, 24)
	add := func(name, value string) {
		if value != "" {
			out = append(out, push.LabelAdapter{Name: name, Value: strings.ToValidUTF8(value, "\uFFFD")})
		}
	}
	for name, value := range lr.Attributes().All() {
		if short, ok := metadataOf[name]; ok {
			add(short, value.AsString())
		}
	}
	add("event", lr.EventName())
	add("severity", lr.SeverityText())
	if id := lr.TraceID(); !id.IsEmpty() {
		add("trace_id", id.String())
	}
	if at := lr.Timestamp(); at != 0 {
		name := "occurred_at"
		if lr.EventName() == record.EventReconciliation {
			name = "hour"
		}
		add(name, at.AsTime().Format(time.RFC3339Nano))
	}
	slices.SortFunc(out, func(a, b push.LabelAdapter) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// timestamp is the record's time to the millisecond; the digits below come from
// its event id. Loki takes two entries of one stream with equal time and line for
// one, whatever their metadata: so two records stay two, and a record that is
// delivered again stays one.
func (m *entryMaker) timestamp(lr plog.LogRecord, line string) time.Time {
	at := lr.ObservedTimestamp()
	// The hour of a reconciliation may be weeks ago, and Loki refuses what is too old.
	occurred := m.occurred && lr.EventName() != record.EventReconciliation
	if t := lr.Timestamp(); t != 0 && (occurred || at == 0) {
		at = t
	}
	id := line
	if v, ok := lr.Attributes().Get(record.AttributePrefix + "event_id"); ok {
		id = v.AsString()
	} else if v, ok := lr.Attributes().Get(record.AttributePrefix + "group_id"); ok {
		id = versionOf(lr) + v.AsString() // a group's summary has no event id
	}
	below := xxhash.Sum64String(id) % uint64(time.Millisecond)
	return at.AsTime().Truncate(time.Millisecond).Add(time.Duration(below))
}

func versionOf(lr plog.LogRecord) string {
	var b [8]byte
	if v, ok := lr.Attributes().Get(record.AttributePrefix + "version"); ok {
		binary.BigEndian.PutUint64(b[:], uint64(v.Int()))
	}
	return string(b[:])
}
