package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/provtrail/provtrail/provisioning"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// resolution is the resolution of times in the stores, in nanoseconds.
const resolution = 1000

// overrides lists, as a JSON object, where the observation differs from its record. What
// the stores cut off its times is in it too.
func overrides(o *provisioning.Observation, r *Record) string {
	if r.Observation == *o && hasNoFraction(o) {
		return ""
	}
	was := Record{Observation: *o}
	var text bytes.Buffer
	name := func(f *Field) {
		separator := byte(',')
		if text.Len() == 0 {
			separator = '{'
		}
		text.WriteByte(separator)
		text.Write(strconv.AppendQuote(text.AvailableBuffer(), f.Column))
		text.WriteByte(':')
	}
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for i := range Fields {
		f := &Fields[i]
		if f.Derived || f.Column == "original" {
			continue
		}
		switch f.Value {
		case ValueTime:
			if own := f.Number(&was); own != f.Number(r) || own%resolution != 0 {
				name(f)
				text.Write(strconv.AppendInt(text.AvailableBuffer(), own, 10))
			}
		case ValueText:
			if own := f.Text(&was); own != f.Text(r) {
				name(f)
				_ = encoder.Encode(own)       // a text always can be
				text.Truncate(text.Len() - 1) // the end of the line
			}
		default: // a record has those of its observation
		}
	}
	if text.Len() == 0 {
		return ""
	}
	text.WriteByte('}')
	return text.String()
}

func hasNoFraction(o *provisioning.Observation) bool {
	for _, at := range [...]pcommon.Timestamp{o.RequestedAt, o.OccurredAt, o.ObservedAt, o.RemoveAt, o.VendorCreatedAt} {
		if at%resolution != 0 {
			return false
		}
	}
	return true
}

// RestoreObservation restores the observation of an observation record as it was before it was
// correlated, without the vendor's JSON. The error names the record and the column.
func RestoreObservation(r *Record) (provisioning.Observation, error) {
	restored := Record{Observation: r.Observation}
	restored.Original = ""
	if r.ReportedOverrides == "" {
		return restored.Observation, nil
	}
	var differences map[string]json.RawMessage
	if err := json.Unmarshal([]byte(r.ReportedOverrides), &differences); err != nil {
		return provisioning.Observation{}, fmt.Errorf("record %s: column reported_overrides: %w", r.EventID, err)
	}
	for column, raw := range differences {
		if err := restored.set(column, raw); err != nil {
			return provisioning.Observation{}, fmt.Errorf("record %s: column reported_overrides: %s: %w", r.EventID, column, err)
		}
	}
	return restored.Observation, nil
}

func (r *Record) set(column string, raw json.RawMessage) error {
	f := Activities.Column(column)
	if f == nil || f.Derived {
		return errors.New("is no column of an observation that this version knows")
	}
	switch f.Value {
	case ValueTime:
		var at int64
		if err := json.Unmarshal(raw, &at); err != nil {
			return err
		}
		f.SetNumber(r, at)
	case ValueText:
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
		f.SetText(r, text)
	default:
		return errors.New("cannot differ from the record's")
	}
	return nil
}
