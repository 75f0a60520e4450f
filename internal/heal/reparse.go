package heal

import (
	"cmp"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// reader reads the vendor's documents of records again.
type reader struct {
	passed provisioning.Status // what a trigger's SUCCESS says, see sailpoint.Parser
	result sailpoint.Result
	// last is the document that result is of.
	last struct {
		original, tenant string
		feed             provisioning.Feed
		at               pcommon.Timestamp
	}
}

// observation is that of an observation record, as today's dialect reads its document. Where
// the document is not there, or today's dialect does not find the observation in it, it is as
// it was correlated.
func (d *reader) observation(r *record.Record) (o provisioning.Observation, again bool, err error) {
	was, err := record.RestoreObservation(r)
	if err != nil || r.Original == "" {
		return was, false, err
	}
	found := d.find(r, &was)
	if found == nil {
		return was, false, nil
	}
	return reread(was, found), true, nil
}

func (d *reader) find(r *record.Record, was *provisioning.Observation) *provisioning.Observation {
	if l := &d.last; l.original != r.Original || l.tenant != r.Tenant || l.feed != r.Feed || l.at != was.ObservedAt {
		l.original, l.tenant, l.feed, l.at = r.Original, r.Tenant, r.Feed, was.ObservedAt
		d.result.Reset()
		p := sailpoint.Parser{Tenant: r.Tenant, Feed: r.Feed, PassedStatus: d.passed}
		p.Parse([]byte(r.Original), was.ObservedAt, &d.result)
	}
	list := d.result.Observations
	var similar *provisioning.Observation
	matches := 0
	for i := range list {
		o := &list[i]
		if o.EventID == was.EventID {
			return o
		}
		if o.GroupID == was.GroupID && o.ItemID == was.ItemID && o.RawStatus == was.RawStatus && o.AccountID == was.AccountID &&
			o.AttributeName == was.AttributeName && o.AttributeValue == was.AttributeValue && o.OccurredAt == was.OccurredAt {
			similar = o
			matches++
		}
	}
	if matches == 1 {
		return similar
	}
	return nil
}

// reread takes what today's dialect makes of the vendor's words. Texts of the vendor that
// were completed by other copies of the document stay as they are.
func reread(was provisioning.Observation, now *provisioning.Observation) provisioning.Observation {
	o := provisioning.Merge(&was, now)
	o.EventID, o.Feed, o.Original, o.ObservedAt = was.EventID, was.Feed, "", was.ObservedAt
	o.Operation, o.AccountLevel, o.Side = now.Operation, now.AccountLevel, now.Side
	o.AttributeName, o.AttributeValue = now.AttributeName, now.AttributeValue
	o.ReportedStatus = now.ReportedStatus
	if now.RawCause == was.RawCause {
		o.Cause = cmp.Or(now.Cause, was.Cause)
	}
	if now.RawApproval == was.RawApproval {
		o.ApprovalStatus = cmp.Or(now.ApprovalStatus, was.ApprovalStatus)
	}
	return o
}
