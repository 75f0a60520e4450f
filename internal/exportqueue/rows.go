package exportqueue

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

// rowsOf are the records of one sort in a batch.
type rowsOf struct {
	n       int
	columns []column
	moveTo  func(to *provisioning.Batch, i int)
}

// column is one value of all rows; of returns a pointer to row i's.
type column struct {
	name string
	kind kind
	of   func(i int) any
}

type kind byte

const (
	kindText kind = iota
	kindNumber
	kindID
	kindTexts
)

// each calls do with the batch's rows, sort by sort.
func each(b *provisioning.Batch, do func(rowsOf)) {
	do(rowsOf{len(b.Records), columnsOf(recordFields, b.Records), func(to *provisioning.Batch, i int) {
		to.Records = append(to.Records, b.Records[i])
	}})
	do(rowsOf{len(b.Groups), columnsOf(groupFields, b.Groups), func(to *provisioning.Batch, i int) {
		to.Groups = append(to.Groups, b.Groups[i])
	}})
	do(rowsOf{len(b.Quarantined), columnsOf(quarantineFields, b.Quarantined), func(to *provisioning.Batch, i int) {
		to.Quarantined = append(to.Quarantined, b.Quarantined[i])
	}})
}

// field is a value of a record.
type field[T any] struct {
	name string
	of   func(*T) any
}

func columnsOf[T any](fields []field[T], rows []*T) []column {
	columns := make([]column, len(fields))
	for c := range fields {
		of := fields[c].of
		columns[c] = column{fields[c].name, kindOf(of(new(T))), func(i int) any { return of(rows[i]) }}
	}
	return columns
}

var recordFields = func() []field[provisioning.Record] {
	fields := make([]field[provisioning.Record], len(provisioning.Fields))
	for i := range fields {
		fields[i] = field[provisioning.Record]{provisioning.Fields[i].Column, provisioning.Fields[i].Of}
	}
	return fields
}()

var groupFields = func() []field[provisioning.GroupRecord] {
	type group = provisioning.GroupRecord
	fields := []field[group]{
		{"tenant", func(g *group) any { return &g.Tenant }},
		{"group_id", func(g *group) any { return &g.ID }},
		{"group_number", func(g *group) any { return &g.Number }},
		{"group_status", func(g *group) any { return &g.Status }},
		{"activities", func(g *group) any { return &g.Activities }},
		{"sources", func(g *group) any { return &g.Sources }},
		{"cause", func(g *group) any { return &g.Cause }},
		{"identity_id", func(g *group) any { return &g.IdentityID }},
		{"identity_name", func(g *group) any { return &g.IdentityName }},
		{"requester_name", func(g *group) any { return &g.Requester }},
		{"first_at", func(g *group) any { return &g.FirstAt }},
		{"last_at", func(g *group) any { return &g.LastAt }},
		{"version", func(g *group) any { return &g.Version }},
		{"observed_at", func(g *group) any { return &g.ObservedAt }},
	}
	for s := range (group{}).Counts {
		fields = append(fields, field[group]{
			provisioning.CountColumn(provisioning.Status(s)), //nolint:gosec // one of seven
			func(g *group) any { return &g.Counts[s] },
		})
	}
	return fields
}()

var quarantineFields = []field[provisioning.Quarantined]{
	{"event_id", func(q *provisioning.Quarantined) any { return &q.EventID }},
	{"tenant", func(q *provisioning.Quarantined) any { return &q.Tenant }},
	{"feed", func(q *provisioning.Quarantined) any { return &q.Feed }},
	{"reason", func(q *provisioning.Quarantined) any { return &q.Reason }},
	{"file", func(q *provisioning.Quarantined) any { return &q.File }},
	{"position", func(q *provisioning.Quarantined) any { return &q.Position }},
	{"field", func(q *provisioning.Quarantined) any { return &q.Field }},
	{"observed_at", func(q *provisioning.Quarantined) any { return &q.ObservedAt }},
	{"original", func(q *provisioning.Quarantined) any { return &q.Original }},
	{"size", func(q *provisioning.Quarantined) any { return &q.Size }},
}

func kindOf(p any) kind {
	switch p.(type) {
	case *bool, *int, *int64, *uint64, *provisioning.Status, *pcommon.Timestamp:
		return kindNumber
	case *provisioning.ID:
		return kindID
	case *[]string:
		return kindTexts
	default:
		return kindText
	}
}

func number(p any) int64 {
	switch p := p.(type) {
	case *bool:
		if *p {
			return 1
		}
	case *int:
		return int64(*p)
	case *int64:
		return *p
	case *uint64:
		return int64(*p) //nolint:gosec // comes back as it was
	case *provisioning.Status:
		return int64(*p)
	case *pcommon.Timestamp:
		return int64(*p) //nolint:gosec // comes back as it was
	}
	return 0
}

func setNumber(p any, n int64) {
	switch p := p.(type) {
	case *bool:
		*p = n != 0
	case *int:
		*p = int(n)
	case *int64:
		*p = n
	case *uint64:
		*p = uint64(n) //nolint:gosec // as it was
	case *provisioning.Status:
		*p = provisioning.Status(n) //nolint:gosec // as it was
	case *pcommon.Timestamp:
		*p = pcommon.Timestamp(n) //nolint:gosec // as it was
	}
}
