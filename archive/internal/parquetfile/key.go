package parquetfile

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"io"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning"
)

// Key is what rows are sorted by and recognised by.
type Key struct {
	ID       provisioning.ID // of the event
	At       pcommon.Timestamp
	Observed pcommon.Timestamp // the hour of the row
	Version  uint64
	// MayDiffer is set where two rows of the same event may have different times.
	MayDiffer bool
}

// Compare orders rows by time, event, from the latest version to the oldest, and
// receipt. Times are compared as they are stored, so that rows that are read back sort
// as they did.
func (k *Key) Compare(other *Key) int {
	if c := cmp.Compare(micros(k.At), micros(other.At)); c != 0 {
		return c
	}
	return cmp.Or(bytes.Compare(k.ID[:], other.ID[:]), cmp.Compare(other.Version, k.Version), cmp.Compare(k.Observed, other.Observed))
}

// WriteName writes what a row contributes to the name of its file: the same events in
// the same versions make the same name.
func (k *Key) WriteName(to io.Writer) error {
	_, err := to.Write(binary.BigEndian.AppendUint64(k.ID[:], k.Version))
	return err
}

// LatestVersions are the highest versions of the events whose rows may have different
// times. Rows of other events are neighbours once they are sorted.
type LatestVersions map[provisioning.ID]uint64

// Record notes the version of a row.
func (l LatestVersions) Record(k *Key) {
	if k.Version > 0 && k.MayDiffer {
		l[k.ID] = max(l[k.ID], k.Version)
	}
}

// Filter returns a function that is called with each row of a sorted sequence and
// reports whether it is the one row of its event to be kept.
func (l LatestVersions) Filter() func(*Key) bool {
	var previous provisioning.ID
	seen := map[provisioning.ID]struct{}{}
	return func(k *Key) bool {
		if !k.MayDiffer {
			repeated := k.ID == previous
			previous = k.ID
			return !repeated
		}
		if _, repeated := seen[k.ID]; repeated || k.Version < l[k.ID] {
			return false
		}
		seen[k.ID] = struct{}{}
		return true
	}
}

// Ref is a row of one of several batches of columns.
type Ref struct {
	Key
	Dir        string // of the archive
	Batch, Row int32
}

// Refs returns the rows of the table in a source.
func (t *Table[T]) Refs(from *Source) []Ref {
	batches := from.batches
	n := 0
	for _, b := range batches {
		n += t.Rows(b).Len()
	}
	refs := make([]Ref, 0, n)
	dir, tenant := t.dir, ""
	if t.tenant != nil {
		dir = layout.TenantDir(tenant)
	}
	for i, b := range batches {
		var row T // a column that the batch does not have stays empty
		rows := t.Rows(b)
		for at := range rows.Len() {
			t.setKeyFields(b, rows, at, &row)
			if t.tenant != nil && t.tenant(&row) != tenant {
				tenant = t.tenant(&row)
				dir = layout.TenantDir(tenant)
			}
			refs = append(refs, Ref{Key: t.Key(&row), Dir: dir, Batch: int32(i), Row: int32(at)})
		}
	}
	return refs
}

func (t *Table[T]) setKeyFields(b *columnar.Batch, rows *columnar.Rows, at int, row *T) {
	for _, i := range t.keyFields {
		f, c := &t.fields[i], rows.Column(i)
		switch {
		case c.Texts != nil:
			f.SetText(row, b.Text(c.Texts[at]))
		case c.IDs != nil:
			*f.ID(row) = c.IDs[at]
		case c.Numbers != nil:
			f.SetNumber(row, c.Numbers[at])
		}
	}
}

// SortAndDedup sorts rows and keeps one of each event: the latest version and, of
// equal versions, the first receipt.
func SortAndDedup(refs []Ref) []Ref {
	slices.SortFunc(refs, func(a, b Ref) int { return a.Compare(&b.Key) })
	latest := LatestVersions{}
	for i := range refs {
		latest.Record(&refs[i].Key)
	}
	keep := latest.Filter()
	return slices.DeleteFunc(refs, func(r Ref) bool { return !keep(&r.Key) })
}
