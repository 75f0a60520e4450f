package record

import (
	"errors"
	"fmt"

	"github.com/provtrail/provtrail/provisioning"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// CheckTimes finds times that no store can hold.
func CheckTimes(occurred, observed pcommon.Timestamp) error {
	switch {
	case observed == 0:
		return errors.New("observed time is missing")
	case occurred > MaxTime || observed > MaxTime:
		return errors.New("a time is after April 2262, the last time a record can hold")
	}
	return nil
}

// Refuse makes quarantined data of a record that could not be read or stored: whole, as
// OTLP JSON, so that it can be sent again.
func Refuse(lr plog.LogRecord, reason error) *Quarantined {
	original := rawRecord(lr)
	text := func(attribute string) string {
		if v, ok := lr.Attributes().Get(attribute); ok && v.Type() == pcommon.ValueTypeStr {
			return v.Str()
		}
		return ""
	}
	q := &Quarantined{
		Tenant: text(AttributePrefix + "tenant"), Feed: provisioning.Feed(text(AttributePrefix + "feed")),
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
