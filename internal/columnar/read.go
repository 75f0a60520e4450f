package columnar

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning/record"
)

// Read reads all records of a plog.Logs. A record that cannot be read, or is not one of
// provtrail's, becomes a quarantine record with the whole record as OTLP JSON, so that it
// can be sent again. refused is the number of such records.
func Read(logs plog.Logs) (batch *Batch, refused int) {
	r := reader{Builder: NewBuilder(logs.LogRecordCount())}
	for lr := range record.All(logs) {
		if err := r.read(lr); err != nil {
			r.Quarantined(record.Refuse(lr, err))
			refused++
		}
	}
	return r.Batch(), refused
}

type reader struct {
	*Builder
	activity    record.Record
	group       record.Group
	quarantined record.Quarantined
	statement   record.Reconciliation
}

func (r *reader) read(lr plog.LogRecord) error {
	switch lr.EventName() {
	case record.EventActivity:
		a := &r.activity
		if err := errors.Join(record.Read(lr, a), record.CheckTimes(a.OccurredAt, a.ObservedAt)); err != nil {
			return err
		}
		r.Activity(a)
	case record.EventGroup:
		g := &r.group
		if err := errors.Join(record.ReadGroup(lr, g), record.CheckTimes(g.LastAt, g.ObservedAt)); err != nil {
			return err
		}
		if g.ID == "" {
			return errors.New("attribute " + record.AttributePrefix + "group_id is missing")
		}
		r.Group(g)
	case record.EventQuarantine:
		q := &r.quarantined
		if err := record.ReadQuarantined(lr, q); err != nil {
			return err
		}
		if q.EventID.IsZero() {
			q.EventID = record.QuarantineID(q)
		}
		r.Quarantined(q)
	case record.EventReconciliation:
		s := &r.statement
		if err := errors.Join(record.ReadReconciliation(lr, s), record.CheckTimes(s.Hour, s.ObservedAt)); err != nil {
			return err
		}
		if s.Hour == 0 || s.Feed == "" {
			return errors.New("a reconciliation needs attributes " + record.AttributePrefix + "hour and " + record.AttributePrefix + "feed")
		}
		if s.EventID.IsZero() {
			s.EventID = record.ReconciliationID(s)
		}
		r.Reconciliation(s)
	default:
		return fmt.Errorf("EventName %q is none of %s, %s, %s, %s: only provtrail's records are stored",
			lr.EventName(), record.EventActivity, record.EventGroup, record.EventQuarantine, record.EventReconciliation)
	}
	return nil
}
