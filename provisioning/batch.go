package provisioning

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Batch is what a plog.Logs says, by sort of record.
type Batch struct {
	Records     []*Record
	Groups      []*GroupRecord
	Quarantined []*Quarantined
}

// Len is the number of records of all sorts.
func (b *Batch) Len() int { return len(b.Records) + len(b.Groups) + len(b.Quarantined) }

// Cut divides the batch after its first n records. The parts share its memory.
func (b *Batch) Cut(n int) (head, tail Batch) {
	head.Records, tail.Records = cut(b.Records, &n)
	head.Groups, tail.Groups = cut(b.Groups, &n)
	head.Quarantined, tail.Quarantined = cut(b.Quarantined, &n)
	return head, tail
}

func cut[T any](list []T, n *int) (head, tail []T) {
	at := min(*n, len(list))
	*n -= at
	return list[:at], list[at:]
}

// Logs writes the batch as the processor emits it.
func (b *Batch) Logs() plog.Logs {
	logs := plog.NewLogs()
	to := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	to.EnsureCapacity(b.Len())
	for _, r := range b.Records {
		WriteRecord(r, to.AppendEmpty())
	}
	for _, g := range b.Groups {
		WriteGroup(g, to.AppendEmpty())
	}
	for _, q := range b.Quarantined {
		WriteQuarantined(q, to.AppendEmpty())
	}
	return logs
}

// ReadBatch reads all records. One that cannot be read, or is none of ours, is kept
// as quarantined data: whole, as OTLP JSON, so that it can be sent again. refused
// counts those.
func ReadBatch(logs plog.Logs) (b Batch, refused int) {
	count := logs.LogRecordCount()
	b.Records = make([]*Record, 0, count)
	slab := make([]Record, count) // one block of memory for the records of the batch
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, lr := range scope.LogRecords().All() {
				if err := b.read(lr, &slab); err != nil {
					b.Quarantined = append(b.Quarantined, Refuse(lr, err))
					refused++
				}
			}
		}
	}
	return b, refused
}

func (b *Batch) read(lr plog.LogRecord, slab *[]Record) error {
	switch lr.EventName() {
	case EventActivity:
		r := &(*slab)[0]
		if err := errors.Join(Read(lr, r), checkTimes(r.OccurredAt, r.ObservedAt)); err != nil {
			return err
		}
		*slab = (*slab)[1:]
		b.Records = append(b.Records, r)
	case EventGroup:
		g := &GroupRecord{}
		if err := errors.Join(ReadGroup(lr, g), checkTimes(g.LastAt, g.ObservedAt)); err != nil {
			return err
		}
		if g.ID == "" {
			return errors.New("attribute " + attributeGroupID + " is missing")
		}
		b.Groups = append(b.Groups, g)
	case EventQuarantine:
		q := &Quarantined{}
		if err := ReadQuarantined(lr, q); err != nil {
			return err
		}
		if q.EventID.IsZero() {
			q.EventID = QuarantineID(q)
		}
		b.Quarantined = append(b.Quarantined, q)
	default:
		return fmt.Errorf("its EventName is none of %s, %s, %s: only provtrail's records have a place here",
			EventActivity, EventGroup, EventQuarantine)
	}
	return nil
}

// checkTimes finds times that no store can hold.
func checkTimes(occurred, observed pcommon.Timestamp) error {
	switch {
	case observed == 0:
		return errors.New("observed time is missing")
	case occurred > MaxTime || observed > MaxTime:
		return errors.New("a time is after April 2262, the last time a record can hold")
	}
	return nil
}

// Refuse makes quarantined data of a record that could not be read or stored.
func Refuse(lr plog.LogRecord, reason error) *Quarantined {
	original := rawRecord(lr)
	text, _ := readers(lr.Attributes())
	q := &Quarantined{
		Tenant: text(attributeTenant), Feed: Feed(text(attributeFeed)),
		Reason:     fmt.Sprintf("record with EventName %q not stored: %v", lr.EventName(), reason),
		ObservedAt: lr.ObservedTimestamp(), Original: original, Size: int64(len(original)),
	}
	q.EventID = QuarantineID(q)
	return q
}

func rawRecord(lr plog.LogRecord) string {
	logs := plog.NewLogs()
	lr.CopyTo(logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	raw, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	if err != nil { // cannot be: JSON of plain values
		return lr.Body().AsString()
	}
	return string(raw)
}
