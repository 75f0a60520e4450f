package columns

import (
	"github.com/ClickHouse/ch-go/proto"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

// Observations is a block of provisioning.activity records. Its columns are
// provisioning.Fields and timed.
type Observations struct {
	Block
	fields []field
	timed  *proto.ColBool
}

type field struct {
	of     func(*provisioning.Record) any
	column any // *text, *word, *instant, *optional, *proto.ColBool, *proto.ColInt64 or *proto.ColUInt64
}

// NewObservations returns an empty block.
func NewObservations() *Observations {
	o := &Observations{Block: newBlock("provisioning_observations"), timed: new(proto.ColBool)}
	for i := range provisioning.Fields {
		f := &provisioning.Fields[i]
		column := newColumn(f)
		o.add(f.Column, column)
		o.fields = append(o.fields, field{of: f.Of, column: column})
	}
	o.add("timed", o.timed)
	return o
}

func newColumn(f *provisioning.Field) proto.ColInput {
	switch f.Of(new(provisioning.Record)).(type) {
	case *bool:
		return new(proto.ColBool)
	case *int64:
		return new(proto.ColInt64)
	case *uint64:
		return new(proto.ColUInt64)
	case *provisioning.Status:
		return new(word)
	case *pcommon.Timestamp:
		if f.Column == "occurred_at" || f.Column == "observed_at" {
			return new(instant)
		}
		return new(optional)
	}
	if f.Few {
		return new(word)
	}
	return new(text)
}

// Append adds a row. Where the vendor gave no time, the row's is that of receipt and
// it is not timed.
func (o *Observations) Append(r *provisioning.Record) {
	o.timed.Append(r.OccurredAt != 0)
	for i := range o.fields {
		o.fields[i].append(r)
	}
}

func (f *field) append(r *provisioning.Record) {
	switch c := f.column.(type) {
	case *text:
		if id, ok := f.of(r).(*provisioning.ID); ok {
			c.appendID(id)
			return
		}
		c.append(textOf(f.of(r)))
	case *word:
		c.append(textOf(f.of(r)))
	case *instant:
		at := *f.of(r).(*pcommon.Timestamp)
		if at == 0 {
			at = r.ObservedAt
		}
		c.Append(micros(at))
	case *optional:
		c.append(micros(*f.of(r).(*pcommon.Timestamp)))
	case *proto.ColBool:
		c.Append(*f.of(r).(*bool))
	case *proto.ColInt64:
		c.Append(*f.of(r).(*int64))
	case *proto.ColUInt64:
		c.Append(*f.of(r).(*uint64))
	}
}

func textOf(p any) string {
	switch p := p.(type) {
	case *provisioning.Status:
		return p.String()
	default:
		return provisioning.Text(p)
	}
}
