package report

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/provtrail/provtrail/internal/tempfiles"
	"github.com/provtrail/provtrail/provisioning"
)

// keyed is the key of one row: which rows belong together, which of them wins.
type keyed struct {
	id   provisioning.ID
	rank uint64 // the greatest wins, among equals the first row; 0 never wins
	row  uint64
}

const (
	keyedSize = 16 + 8 + 8
	// shards are looked at one at a time.
	shards = 64
	// keptKeys are in memory before they go to temporary files: 32 MiB.
	keptKeys = 1 << 20
)

// keys holds the keys of all rows, split by id so that one part at a time fits
// into memory.
type keys struct {
	kept  [shards][]keyed
	n     int
	files tempfiles.Parts // none until keptKeys are kept
}

func (k *keys) add(e keyed) error {
	shard := e.id[0] % shards
	k.kept[shard] = append(k.kept[shard], e)
	if k.n++; k.n < keptKeys {
		return nil
	}
	return k.spill()
}

func (k *keys) spill() error {
	if k.files.Len() == 0 {
		if err := k.files.Add(shards); err != nil {
			return err
		}
	}
	for i := range k.kept {
		var b [keyedSize]byte
		for _, e := range k.kept[i] {
			copy(b[:16], e.id[:])
			binary.LittleEndian.PutUint64(b[16:], e.rank)
			binary.LittleEndian.PutUint64(b[24:], e.row)
			if err := k.files.Write(i, b[:]); err != nil {
				return err
			}
		}
		k.kept[i] = k.kept[i][:0]
	}
	k.n = 0
	return nil
}

// each calls f for every key of a shard.
func (k *keys) each(shard int, f func(keyed)) error {
	if k.files.Len() > 0 {
		r, err := k.files.Open(shard)
		if err != nil {
			return err
		}
		var b [keyedSize]byte
		for {
			if _, err := io.ReadFull(r, b[:]); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
			f(keyed{provisioning.ID(b[:16]), binary.LittleEndian.Uint64(b[16:]), binary.LittleEndian.Uint64(b[24:])})
		}
	}
	for _, e := range k.kept[shard] {
		f(e)
	}
	return nil
}

// winners calls f for every row with the row that wins its id.
func (k *keys) winners(f func(row, winner uint64)) error {
	for shard := range shards {
		best := map[provisioning.ID]keyed{}
		err := k.each(shard, func(e keyed) {
			if e.rank == 0 {
				return
			}
			if old, ok := best[e.id]; !ok || e.rank > old.rank || e.rank == old.rank && e.row < old.row {
				best[e.id] = e
			}
		})
		if err != nil {
			return err
		}
		err = k.each(shard, func(e keyed) {
			if w, ok := best[e.id]; ok {
				f(e.row, w.row)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
