package columns

import (
	"errors"
	"fmt"

	"github.com/ClickHouse/ch-go/proto"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/provisioning"
)

// Observations is a block of provisioning.activity records. Its columns are
// provisioning.Fields and timed.
type Observations struct {
	Block
	fields []field
	index  map[string]int // attribute -> field
	// values are the attributes of the record at hand.
	values  []pcommon.Value
	present []bool

	occurredAt, observedAt *instant
	timed                  *proto.ColBool
}

type field struct {
	attribute string
	want      pcommon.ValueType
	column    any // *text, *word, *instant, *optional, *proto.ColBool, *proto.ColInt64 or *proto.ColUInt64
	status    bool
	id        bool
	required  bool
}

// NewObservations returns an empty block.
func NewObservations() *Observations {
	o := &Observations{Block: newBlock("provisioning_observations"), index: map[string]int{}}
	for i := range provisioning.Fields {
		o.addField(&provisioning.Fields[i])
	}
	o.timed = new(proto.ColBool)
	o.add("timed", o.timed)
	o.values, o.present = make([]pcommon.Value, len(o.fields)), make([]bool, len(o.fields))
	return o
}

func (o *Observations) addField(f *provisioning.Field) {
	to := field{attribute: f.Attribute(), want: pcommon.ValueTypeStr}
	switch f.Column {
	case "occurred_at":
		o.occurredAt = new(instant)
		o.add(f.Column, o.occurredAt)
		return
	case "observed_at":
		o.observedAt = new(instant)
		o.add(f.Column, o.observedAt)
		return
	case "event_id", "group_id":
		to.required = true
	}
	var column proto.ColInput
	switch f.Of(new(provisioning.Record)).(type) {
	case *bool:
		column, to.want = new(proto.ColBool), pcommon.ValueTypeBool
	case *int64:
		column, to.want = new(proto.ColInt64), pcommon.ValueTypeInt
	case *uint64:
		column, to.want = new(proto.ColUInt64), pcommon.ValueTypeInt
	case *pcommon.Timestamp:
		column, to.want = new(optional), pcommon.ValueTypeInt
	case *provisioning.Status:
		column, to.status = new(word), true
	case *provisioning.ID:
		column, to.id = new(text), true
	default:
		column = new(text)
		if f.Few {
			column = new(word)
		}
	}
	to.column = column
	o.add(f.Column, column)
	o.index[to.attribute] = len(o.fields)
	o.fields = append(o.fields, to)
}

// Append adds a row, or adds nothing and says what is wrong with the record.
func (o *Observations) Append(lr plog.LogRecord) error {
	clear(o.present)
	if err := o.collect(lr); err != nil {
		return err
	}
	occurred, observed := lr.Timestamp(), lr.ObservedTimestamp()
	timed := occurred != 0
	if !timed {
		occurred = observed
	}
	o.occurredAt.Append(micros(occurred))
	o.observedAt.Append(micros(observed))
	o.timed.Append(timed)
	for i := range o.fields {
		o.fields[i].append(o.values[i], o.present[i])
	}
	return nil
}

// collect finds and checks the record's attributes.
func (o *Observations) collect(lr plog.LogRecord) error {
	next := 0
	for name, value := range lr.Attributes().All() {
		at := o.find(name, next)
		if at < 0 {
			continue
		}
		next = at + 1
		f := &o.fields[at]
		if value.Type() != f.want {
			return fmt.Errorf("attribute %s is %s, want %s", name, value.Type(), f.want)
		}
		if err := f.check(value); err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
		o.values[at], o.present[at] = value, true
	}
	for i := range o.fields {
		if o.fields[i].required && (!o.present[i] || o.values[i].Str() == "") {
			return fmt.Errorf("attribute %s is missing", o.fields[i].attribute)
		}
	}
	if lr.ObservedTimestamp() == 0 {
		return errors.New("observed time is missing")
	}
	return errors.Join(checkTime("time", lr.Timestamp()), checkTime("observed time", lr.ObservedTimestamp()))
}

// find returns the field of an attribute, -1 for an attribute of another maker. A
// record's attributes come in the order of the fields with some left out, so it is
// nearly always among the next few.
func (o *Observations) find(name string, next int) int {
	for i := next; i < min(next+8, len(o.fields)); i++ {
		if o.fields[i].attribute == name {
			return i
		}
	}
	if i, ok := o.index[name]; ok {
		return i
	}
	return -1
}

func (f *field) check(value pcommon.Value) error {
	switch {
	case f.status:
		if s := value.Str(); !f.column.(*word).known(s) {
			_, err := provisioning.ParseStatus(s)
			return err
		}
	case f.id:
		if s := value.Str(); !isID(s) {
			_, err := provisioning.ParseID(s)
			return err
		}
	}
	return nil
}

func isID(s string) bool {
	if len(s) != 32 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func (f *field) append(value pcommon.Value, present bool) {
	switch c := f.column.(type) {
	case *text:
		if !present {
			c.append("")
			return
		}
		c.append(value.Str())
	case *word:
		if !present {
			c.append("")
			return
		}
		c.append(value.Str())
	case *proto.ColBool:
		c.Append(present && value.Bool())
	case *proto.ColInt64:
		c.Append(number(value, present))
	case *proto.ColUInt64:
		c.Append(uint64(max(number(value, present), 0)))
	case *optional:
		c.append(number(value, present) / 1000)
	}
}

func number(value pcommon.Value, present bool) int64 {
	if !present {
		return 0
	}
	return value.Int()
}
