package columnar

import (
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
)

// Read reads all records of a plog.Logs. One that cannot be read, or is none of ours, is
// kept as quarantined data: whole, as OTLP JSON, so that it can be sent again. refused
// counts those.
func Read(logs plog.Logs) (batch *Batch, refused int) {
	r := reader{Builder: NewBuilder(logs.LogRecordCount())}
	for _, resource := range logs.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, lr := range scope.LogRecords().All() {
				if err := r.read(lr); err != nil {
					r.Quarantined(provisioning.Refuse(lr, err))
					refused++
				}
			}
		}
	}
	return r.Batch(), refused
}

type reader struct {
	*Builder
	activity    provisioning.Record
	group       provisioning.GroupRecord
	quarantined provisioning.Quarantined
}

func (r *reader) read(lr plog.LogRecord) error {
	switch lr.EventName() {
	case provisioning.EventActivity:
		a := &r.activity
		if err := errors.Join(provisioning.Read(lr, a), provisioning.CheckTimes(a.OccurredAt, a.ObservedAt)); err != nil {
			return err
		}
		r.Activity(a)
	case provisioning.EventGroup:
		g := &r.group
		if err := errors.Join(provisioning.ReadGroup(lr, g), provisioning.CheckTimes(g.LastAt, g.ObservedAt)); err != nil {
			return err
		}
		if g.ID == "" {
			return errors.New("attribute " + provisioning.AttributePrefix + "group_id is missing")
		}
		r.Group(g)
	case provisioning.EventQuarantine:
		q := &r.quarantined
		if err := provisioning.ReadQuarantined(lr, q); err != nil {
			return err
		}
		if q.EventID.IsZero() {
			q.EventID = provisioning.QuarantineID(q)
		}
		r.Quarantined(q)
	default:
		return fmt.Errorf("its EventName is none of %s, %s, %s: only provtrail's records have a place here",
			provisioning.EventActivity, provisioning.EventGroup, provisioning.EventQuarantine)
	}
	return nil
}
