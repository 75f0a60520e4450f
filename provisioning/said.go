package provisioning

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// stored is the grain of times in the stores.
const stored = pcommon.Timestamp(1000)

// said lists, as a JSON object, where the observation differs from its record. What
// the stores cut off its times is in it too.
func said(o *Observation, r *Record) string {
	if r.Observation == *o && whole(o) {
		return ""
	}
	was := Record{Observation: *o}
	differences := map[string]any{}
	for i := range Fields {
		f := &Fields[i]
		if f.Derived || f.Column == "original" {
			continue
		}
		switch own := f.Of(&was).(type) {
		case *pcommon.Timestamp:
			if *own != *f.Of(r).(*pcommon.Timestamp) || *own%stored != 0 {
				differences[f.Column] = uint64(*own)
			}
		case *ID, *Status, *bool: // a record has those of its observation
		default:
			if text := Text(own); text != Text(f.Of(r)) {
				differences[f.Column] = text
			}
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

func whole(o *Observation) bool {
	return o.RequestedAt%stored == 0 && o.OccurredAt%stored == 0 && o.ObservedAt%stored == 0
}

// Said restores the observation of an observation record as it was before it was
// folded, without the vendor's JSON. Its error says what is wrong in the record.
func Said(r *Record) (Observation, error) {
	restored := Record{Observation: r.Observation}
	restored.Original = ""
	if r.Said == "" {
		return restored.Observation, nil
	}
	var differences map[string]json.RawMessage
	if err := json.Unmarshal([]byte(r.Said), &differences); err != nil {
		return Observation{}, fmt.Errorf("record %s: column said: %w", r.EventID, err)
	}
	for column, raw := range differences {
		if err := restored.say(column, raw); err != nil {
			return Observation{}, fmt.Errorf("record %s: column said: %s: %w", r.EventID, column, err)
		}
	}
	return restored.Observation, nil
}

func (r *Record) say(column string, raw json.RawMessage) error {
	i, ok := columnIndex[column]
	if !ok || Fields[i].Derived {
		return errors.New("is no column of an observation that this version knows")
	}
	switch to := Fields[i].Of(r).(type) {
	case *pcommon.Timestamp:
		return json.Unmarshal(raw, (*uint64)(to))
	case *ID, *Status, *bool:
		return errors.New("cannot differ from the record's")
	default:
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
		SetText(to, text)
		return nil
	}
}

var columnIndex = func() map[string]int {
	index := make(map[string]int, len(Fields))
	for i := range Fields {
		index[Fields[i].Column] = i
	}
	return index
}()
