package heal

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/history"
	"github.com/provtrail/provtrail/internal/tempfiles"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// partitions split records by group into temporary files, so that only the records of one
// file are in memory when their groups are evaluated.
type partitions struct {
	tempfiles.Parts
	waiting []waiting // of each part: what is not written yet
}

type waiting struct {
	builder *columnar.Builder
	rows    int
}

const (
	partitionRecords = 50_000 // of a file: some 60 MB in memory
	maxPartitions    = 1024
	partitionRows    = 64 // of an encoded batch
)

// newPartitions makes files for about so many records.
func newPartitions(records int64) (*partitions, error) {
	n := int(min(max(records/partitionRecords, 1), maxPartitions))
	p := &partitions{waiting: make([]waiting, n)}
	return p, p.Add(n)
}

// add stores a copy of a record.
func (p *partitions) add(r *record.Record) error {
	key := history.GroupKey(r.Tenant, r.GroupID)
	part := int(binary.BigEndian.Uint32(key[:]) % uint32(p.Len()))
	to := &p.waiting[part]
	if to.builder == nil {
		to.builder = columnar.NewBuilder(partitionRows)
	}
	to.builder.Activity(r)
	if to.rows++; to.rows < partitionRows {
		return nil
	}
	return p.flush(part)
}

func (p *partitions) flush(part int) error {
	of := &p.waiting[part]
	if of.rows == 0 {
		return nil
	}
	item := of.builder.Batch().Encode()
	*of = waiting{}
	return cmp.Or(p.Write(part, binary.AppendUvarint(nil, uint64(len(item)))), p.Write(part, item))
}

// groups calls f with all records of one group after another.
func (p *partitions) groups(ctx context.Context, f func([]record.Record) error) error {
	for part := range p.Len() {
		groups, err := p.read(part)
		if err != nil {
			return fmt.Errorf("read temporary file: %w", err)
		}
		for _, records := range groups {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := f(records); err != nil {
				return err
			}
		}
	}
	return nil
}

// read returns the records of each group.
func (p *partitions) read(part int) (map[provisioning.ID][]record.Record, error) {
	if err := p.flush(part); err != nil {
		return nil, err
	}
	from, err := p.Open(part)
	if err != nil {
		return nil, err
	}
	groups := map[provisioning.ID][]record.Record{}
	for {
		size, err := binary.ReadUvarint(from)
		if errors.Is(err, io.EOF) {
			return groups, nil
		}
		var item bytes.Buffer
		if err == nil {
			_, err = io.CopyN(&item, from, int64(size))
		}
		var batch *columnar.Batch
		if err == nil {
			batch, err = columnar.Decode(item.Bytes())
		}
		if err != nil {
			return nil, err
		}
		rows := make([]record.Record, batch.Activities.Len())
		batch.Records(rows)
		for i := range rows {
			key := history.GroupKey(rows[i].Tenant, rows[i].GroupID)
			groups[key] = append(groups[key], rows[i])
		}
	}
}
