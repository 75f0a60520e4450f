package heal

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/history"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// partitions split records by group into temporary files, so that only the records of one
// file are in memory when their groups are evaluated.
type partitions struct{ files []*partition }

type partition struct {
	file    *os.File
	to      *bufio.Writer
	builder *columnar.Builder
	rows    int // of the builder
}

const (
	partitionRecords = 50_000 // of a file: some 60 MB in memory
	maxPartitions    = 1024
	partitionRows    = 64 // of an encoded batch
)

// newPartitions makes files for about so many records.
func newPartitions(records int64) (*partitions, error) {
	p := &partitions{}
	for range min(max(records/partitionRecords, 1), maxPartitions) {
		f, err := os.CreateTemp("", "provtrail-groups-*")
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.files = append(p.files, &partition{file: f, to: bufio.NewWriterSize(f, 16<<10), builder: columnar.NewBuilder(partitionRows)})
	}
	return p, nil
}

// add stores a copy of a record.
func (p *partitions) add(r *record.Record) error {
	key := history.GroupKey(r.Tenant, r.GroupID)
	to := p.files[binary.BigEndian.Uint32(key[:])%uint32(len(p.files))]
	to.builder.Activity(r)
	if to.rows++; to.rows < partitionRows {
		return nil
	}
	return to.flush()
}

func (p *partition) flush() error {
	if p.rows == 0 {
		return nil
	}
	item := p.builder.Batch().Encode()
	p.builder, p.rows = columnar.NewBuilder(partitionRows), 0
	if _, err := p.to.Write(binary.AppendUvarint(nil, uint64(len(item)))); err != nil {
		return err
	}
	_, err := p.to.Write(item)
	return err
}

// groups calls f with all records of one group after another.
func (p *partitions) groups(ctx context.Context, f func([]record.Record) error) error {
	for _, file := range p.files {
		groups, err := file.read()
		if err != nil {
			return fmt.Errorf("read temporary file %s: %w", file.file.Name(), err)
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
func (p *partition) read() (map[provisioning.ID][]record.Record, error) {
	if err := errors.Join(p.flush(), p.to.Flush()); err != nil {
		return nil, err
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	from := bufio.NewReaderSize(p.file, 64<<10)
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

// close removes the files.
func (p *partitions) close() (err error) {
	for _, f := range p.files {
		err = errors.Join(err, f.file.Close(), os.Remove(f.file.Name()))
	}
	p.files = nil
	return err
}
