package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/provtrail/provtrail/provisioning"
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
	differences := map[string]any{}
	for i := range Fields {
		f := &Fields[i]
		if f.Derived || f.Column == "original" {
			continue
		}
		switch f.Value {
		case ValueTime:
			if own := f.Number(&was); own != f.Number(r) || own%resolution != 0 {
				differences[f.Column] = own
			}
		case ValueText:
			if text := f.Text(&was); text != f.Text(r) {
				differences[f.Column] = text
			}
		default: // a record has those of its observation
		}
	}
	if len(differences) == 0 {
		return ""
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(differences) // texts and numbers always can be
	return string(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}

func hasNoFraction(o *provisioning.Observation) bool {
	return o.RequestedAt%resolution == 0 && o.OccurredAt%resolution == 0 && o.ObservedAt%resolution == 0
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
