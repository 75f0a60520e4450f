package provisioningconnector

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/internal/envelope"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// groupStore keeps the groups of the cache in a storage extension. The key of a group is its
// trace id, the value the records that arrived for it, as OTLP in an envelope.
type groupStore struct {
	client storage.Client
}

const version = 1

// load adds every stored group to the cache.
func (s *groupStore) load(ctx context.Context, b *groupCache) error {
	walker, ok := s.client.(storage.Walker)
	if !ok {
		return errors.New("the storage cannot list what it holds, which the traces need: use file_storage")
	}
	return walker.Walk(ctx, func(key string, value []byte) ([]*storage.Operation, error) {
		h, err := decode(value)
		if err != nil {
			return nil, fmt.Errorf("the stored group %s cannot be read; move the storage away, and the traces of groups under way will lack spans: %w", key, err)
		}
		var id groupKey
		if n, err := hex.Decode(id[:], []byte(key)); err != nil || n != len(id) {
			return nil, fmt.Errorf("the storage has a key %q that is no group's", key)
		}
		b.groups.Add(id, h)
		return nil, nil
	})
}

// write stores the dirty groups and deletes those that the cache evicted, in one
// transaction.
func (s *groupStore) write(ctx context.Context, b *groupCache, dirty map[groupKey]struct{}) error {
	ops := make([]*storage.Operation, 0, len(dirty)+len(b.evictedKeys))
	for _, key := range b.evictedKeys {
		if _, again := b.groups.Peek(key); !again {
			ops = append(ops, storage.DeleteOperation(keyText(key)))
		}
	}
	for key := range dirty {
		h, ok := b.groups.Peek(key)
		if !ok {
			continue
		}
		value, err := h.encode()
		if err != nil {
			return err
		}
		ops = append(ops, storage.SetOperation(keyText(key), value))
	}
	if err := s.client.Batch(ctx, ops...); err != nil {
		return fmt.Errorf("storing %d groups for their traces failed; the batch is not acknowledged and comes again: %w", len(dirty), err)
	}
	b.evictedKeys = b.evictedKeys[:0]
	return nil
}

func keyText(key groupKey) string { return hex.EncodeToString(key[:]) }

// Attributes beside those of the records.
const (
	attributeSent     = "sent"
	attributeFinished = "finished"
	attributeActivity = "activity"
	attributeRetries  = "retries"
)

// encode writes the group as log records: its own, then those of its activities.
func (h *group) encode() ([]byte, error) {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	group := to.AppendEmpty()
	record.WriteGroup(&h.summary, group)
	group.Attributes().PutInt(attributeSent, int64(h.sent))
	group.Attributes().PutBool(attributeFinished, h.finished)
	for id, a := range h.activities {
		lr := to.AppendEmpty()
		record.WriteRecord(&a.newest, lr)
		lr.Attributes().PutStr(attributeActivity, id.String())
		retries := lr.Attributes().PutEmptySlice(attributeRetries)
		for event, r := range a.retries {
			one := retries.AppendEmpty().SetEmptyMap()
			one.PutStr("event_id", event.String())
			one.PutInt("at", int64(r.at))
			one.PutStr("because", r.because)
		}
	}
	payload, err := (&plog.ProtoMarshaler{}).MarshalLogs(logs)
	return envelope.Seal(version, payload), err
}

func decode(value []byte) (*group, error) {
	payload, err := envelope.Open(version, value)
	if err != nil {
		return nil, err
	}
	logs, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(payload)
	if err != nil {
		return nil, err
	}
	if logs.LogRecordCount() == 0 {
		return nil, errors.New("it is empty")
	}
	h := &group{activities: map[provisioning.ID]*activity{}}
	for i, lr := range logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
		if i == 0 {
			err = h.decodeGroup(lr)
		} else {
			err = h.decodeActivity(lr)
		}
		if err != nil {
			return nil, err
		}
	}
	return h, nil
}

func (h *group) decodeGroup(lr plog.LogRecord) error {
	if err := record.ReadGroup(lr, &h.summary); err != nil {
		return err
	}
	if v, ok := lr.Attributes().Get(attributeSent); ok {
		h.sent = uint64(max(v.Int(), 0))
	}
	if v, ok := lr.Attributes().Get(attributeFinished); ok {
		h.finished = v.Bool()
	}
	return nil
}

func (h *group) decodeActivity(lr plog.LogRecord) error {
	var a activity
	id, err := provisioning.ParseID(textAt(lr.Attributes(), attributeActivity))
	if err != nil {
		return err
	}
	// Of an activity that only an older step is known of, there is no record yet.
	if _, ok := lr.Attributes().Get(record.AttributePrefix + "event_id"); ok {
		if err := record.Read(lr, &a.newest); err != nil {
			return err
		}
	}
	if v, ok := lr.Attributes().Get(attributeRetries); ok && v.Type() == pcommon.ValueTypeSlice && v.Slice().Len() > 0 {
		a.retries = make(map[provisioning.ID]retry, v.Slice().Len())
		for _, one := range v.Slice().All() {
			event, err := provisioning.ParseID(textAt(one.Map(), "event_id"))
			if err != nil {
				return err
			}
			at, _ := one.Map().Get("at")
			a.retries[event] = retry{at: pcommon.Timestamp(max(at.Int(), 0)), because: textAt(one.Map(), "because")}
		}
	}
	h.activities[id] = &a
	return nil
}

func textAt(m pcommon.Map, name string) string {
	if v, ok := m.Get(name); ok {
		return v.AsString()
	}
	return ""
}
