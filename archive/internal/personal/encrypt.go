package personal

import (
	"strings"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Encrypt returns the batches with the personal columns encrypted. Persons who are seen for
// the first time get a key, which is durable before Encrypt returns.
func (s *Store) Encrypt(batches []*columnar.Batch) ([]*columnar.Batch, error) {
	out := make([]*columnar.Batch, len(batches))
	for i, b := range batches {
		e := b.Edit()
		if err := encrypt(s, e, b, record.Activities, activity, func(b *columnar.Batch) *columnar.Rows { return &b.Activities }); err != nil {
			return nil, err
		}
		if err := encrypt(s, e, b, record.Quarantine, quarantine, func(b *columnar.Batch) *columnar.Rows { return &b.Quarantined }); err != nil {
			return nil, err
		}
		out[i] = e.Batch()
	}
	return out, nil
}

func encrypt[T any](s *Store, e *columnar.Edit, b *columnar.Batch, schema *record.Schema[T], who about, in func(*columnar.Batch) *columnar.Rows) error {
	persons, of := who.persons(b, in(b))
	if len(persons) == 0 {
		return nil
	}
	keys, err := s.Keys(persons)
	if err != nil {
		return err
	}
	for i := range schema.Fields {
		f := &schema.Fields[i]
		if !f.Personal {
			continue
		}
		type text struct {
			person int32
			text   uint32
		}
		sealed := map[text]uint32{}
		e.Replace(in, i, func(row int, n uint32) uint32 {
			t := text{of[row], n}
			at, ok := sealed[t]
			if !ok {
				at = e.Text(keys[t.person].Seal(f.Column, strings.ToValidUTF8(b.Text(n), "\uFFFD")))
				sealed[t] = at
			}
			return at
		})
	}
	return nil
}
