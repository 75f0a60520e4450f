package columns

import (
	"slices"
	"time"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning"
)

// Observations is a block of provisioning.activity records. Where the vendor gave no
// time, the row's is that of receipt and it is not timed.
type Observations struct {
	*Rows
	occurred, observed instant
	timed              flag
}

func newObservations() *Observations {
	o := &Observations{}
	o.Rows = newRows("provisioning_observations", provisioning.Activities, func(name string) column {
		switch name {
		case "occurred_at":
			return &o.occurred
		case "observed_at":
			return &o.observed
		default:
			return new(optional)
		}
	})
	o.add("timed", &o.timed)
	return o
}

func (o *Observations) append(b *columnar.Batch) {
	at := o.occurred.Rows()
	o.Rows.append(b, &b.Activities)
	times := b.Activities.Column(occurredAt).Numbers
	for i := range b.Activities.Len() {
		timed := times != nil && times[i] != 0
		o.timed.Append(timed)
		if !timed {
			o.occurred.ColInt64[at+i] = o.observed.ColInt64[at+i]
		}
	}
}

var occurredAt = slices.IndexFunc(provisioning.Fields, func(f provisioning.Field) bool { return f.Column == "occurred_at" })

func newGroups() *Rows {
	return newRows("provisioning_groups", provisioning.Groups, func(string) column { return new(instant) })
}

// Quarantine is a block of what could not be understood or stored.
type Quarantine struct {
	*Rows
	observed instant
}

func newQuarantine() *Quarantine {
	q := &Quarantine{}
	q.Rows = newRows("provisioning_quarantine", provisioning.Quarantine, func(string) column { return &q.observed })
	return q
}

func (q *Quarantine) append(b *columnar.Batch) {
	at := q.observed.Rows()
	q.Rows.append(b, &b.Quarantined)
	for ; at < q.observed.Rows(); at++ {
		if q.observed.ColInt64[at] <= 0 { // absent, or after the last time there is
			// Not part of the row's key, so a retry is still the same row.
			q.observed.ColInt64[at] = time.Now().UnixMicro()
		}
	}
}
