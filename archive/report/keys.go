package report

import (
	"encoding/binary"

	"github.com/provtrail/provtrail/internal/extsort"
	"github.com/provtrail/provtrail/provisioning"
)

// keys holds the keys of all rows: which rows belong together, which of them wins.
type keys struct{ sorted extsort.Sorter }

// keyed is the key of one row. It is stored so that the winner of an id comes first.
type keyed struct {
	id   provisioning.ID
	rank uint64 // the greatest wins, among equals the first row; 0 never wins
	row  uint64
}

func (k *keys) add(e keyed) error {
	var b [16 + 8 + 8]byte
	copy(b[:], e.id[:])
	binary.BigEndian.PutUint64(b[16:], ^e.rank)
	binary.BigEndian.PutUint64(b[24:], e.row)
	return k.sorted.Add(b[:])
}

// winners calls f for every row with the row that wins its id.
func (k *keys) winners(f func(row, winner uint64)) error {
	best, begun := keyed{}, false
	for b, err := range k.sorted.All() {
		if err != nil {
			return err
		}
		e := keyed{provisioning.ID(b[:16]), ^binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint64(b[24:])}
		if !begun || e.id != best.id {
			best, begun = e, true
		}
		if best.rank > 0 {
			f(e.row, best.row)
		}
	}
	return nil
}
