package provisioningparquetexporter

import (
	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/freelist"
	"github.com/provtrail/provtrail/provisioning/record"
)

// unpacked is a request's records one by one, as the archive sorts and divides them. Their
// memory is used again.
type unpacked struct {
	records     []record.Record
	quarantined []record.Quarantined
	batch       archive.Batch
	groups      int // passed over: the archive has their activities
}

var spare = freelist.New[*unpacked](2)

func unpack(batches []*columnar.Batch) *unpacked {
	r := spare.Take(func() *unpacked { return new(unpacked) })
	n, quarantined := 0, 0
	for _, b := range batches {
		n += b.Activities.Len()
		quarantined += b.Quarantined.Len()
		r.groups += b.Groups.Len()
	}
	r.records, r.quarantined = sized(r.records, n), sized(r.quarantined, quarantined)
	records, rest := r.records, r.quarantined
	for _, b := range batches {
		b.Records(records)
		b.Quarantine(rest)
		records, rest = records[b.Activities.Len():], rest[b.Quarantined.Len():]
	}
	r.batch = archive.Batch{Records: pointers(r.batch.Records, r.records), Quarantined: pointers(r.batch.Quarantined, r.quarantined)}
	return r
}

// done gives the memory back.
func (r *unpacked) done() {
	clear(r.records)
	clear(r.quarantined)
	r.groups = 0
	spare.Give(r)
}

// sized returns n rows that are zero.
func sized[T any](list []T, n int) []T {
	if cap(list) < n {
		return make([]T, n)
	}
	return list[:n]
}

func pointers[T any](to []*T, rows []T) []*T {
	to = to[:0]
	for i := range rows {
		to = append(to, &rows[i])
	}
	return to
}
