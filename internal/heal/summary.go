package heal

import (
	"cmp"
	"reflect"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// distinct returns each record once, in its highest version, in the order of the versions.
func distinct(records []record.Record) []record.Record {
	slices.SortStableFunc(records, func(a, b record.Record) int {
		return cmp.Or(slices.Compare(a.EventID[:], b.EventID[:]), cmp.Compare(b.Version, a.Version))
	})
	records = slices.CompactFunc(records, func(a, b record.Record) bool { return a.EventID == b.EventID })
	slices.SortStableFunc(records, func(a, b record.Record) int { return cmp.Compare(a.Version, b.Version) })
	return records
}

// Summarize makes the summary of a group from all its archived records. The archive has no
// summaries: they follow from the observations, as in the processor. Its version is that of
// the change since which the summary is as it is. Without observations it has no activity.
func Summarize(records []record.Record) (record.Group, error) {
	records = distinct(records)
	g, err := summaryOf(records)
	if err != nil {
		return g, err
	}
	for {
		last := revision(records[len(records)-1].Version)
		g.Version = last
		for len(records) > 0 && revision(records[len(records)-1].Version) == last {
			records = records[:len(records)-1]
		}
		if len(records) == 0 {
			return g, nil
		}
		before, err := summaryOf(records)
		if err != nil || !reflect.DeepEqual(before.Group, g.Group) {
			return g, err
		}
		g.ObservedAt = before.ObservedAt
	}
}

// revision is a version without the flag that a timer sets.
func revision(version uint64) uint64 { return version &^ 1 }

func summaryOf(records []record.Record) (g record.Group, err error) {
	observations, err := restored(records)
	if err != nil {
		return g, err
	}
	activities := provisioning.Resolve(observations)
	name(activities, records)
	g.Group = provisioning.Summarize(activities)
	g.ObservedAt = newest(observations)
	return g, nil
}

// restored are the observations of records.
func restored(records []record.Record) (list []provisioning.Observation, err error) {
	for i := range records {
		r := &records[i]
		if r.RecordType != record.TypeObservation {
			continue
		}
		o, err := record.RestoreObservation(r)
		if err != nil {
			return nil, err
		}
		if o.OccurredAt == 0 {
			o.ObservedAt = firstReceipt(&o, r.ActivityID, records)
		}
		list = append(list, o)
	}
	return list, nil
}

// firstReceipt is when an observation without a time of the vendor's was first received. Where
// a copy with an earlier receipt came later, the states that it changed have that time.
func firstReceipt(o *provisioning.Observation, activity provisioning.ID, records []record.Record) pcommon.Timestamp {
	first := o.ObservedAt
	for i := range records {
		if s := &records[i]; s.RecordType == record.TypeState && (s.OccurredAt == 0 || s.VendorID != "") && s.ObservedAt < first &&
			(s.ActivityID == activity || o.AccountLevel) && s.Dialect == o.Dialect && s.VendorID == o.VendorID &&
			s.RawStatus == o.RawStatus && s.AccountLevel == o.AccountLevel && s.Side == o.Side {
			first = s.ObservedAt
		}
	}
	return first
}

// name gives activities whose observations have only the id of a source the name that they
// were emitted with: documents of other groups had it.
func name(activities []provisioning.Activity, records []record.Record) {
	for i := range activities {
		a := &activities[i]
		if a.SourceName != "" || !provisioning.IsSourceID(a.SourceID) {
			continue
		}
		for j := range slices.Backward(records) {
			if r := &records[j]; r.ActivityID == a.ID && r.Current {
				a.SourceName = r.SourceName
				break
			}
		}
	}
}

// newest is the time of the newest receipt.
func newest(observations []provisioning.Observation) (at pcommon.Timestamp) {
	for i := range observations {
		at = max(at, observations[i].ObservedAt)
	}
	return at
}
