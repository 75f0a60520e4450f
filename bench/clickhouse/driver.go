package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// insertWithDriver stores the observations of the load as the exporter would if it used
// clickhouse-go's column batches: from pdata through columnar batches to an acknowledged
// insert, into the exporter's own tables.
func insertWithDriver(ctx context.Context, address, database string, l *load) (s speed, err error) {
	conn, err := clickhouse.Open(&clickhouse.Options{Addr: []string{address}, Compression: &clickhouse.Compression{Method: clickhouse.CompressionLZ4}})
	if err != nil {
		return s, err
	}
	defer conn.Close()
	var d driverInsert
	for i := range l.batches {
		logs := l.batch(i)
		err := s.add(i == 0, logs.LogRecordCount(), func() error {
			batch, _ := columnar.Read(logs)
			return d.insert(ctx, conn, database, batch)
		})
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

// driverInsert reuses its memory.
type driverInsert struct {
	texts     []string
	flags     []bool
	counts    []uint64
	times     []time.Time
	optionals []*time.Time
}

func (d *driverInsert) insert(ctx context.Context, conn driver.Conn, database string, b *columnar.Batch) error {
	names := make([]string, len(record.Fields))
	for i := range names {
		names[i] = record.Fields[i].Column
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"async_insert": 0, "insert_deduplicate": 1, "deduplicate_blocks_in_dependent_materialized_views": 1,
		"max_partitions_per_insert_block": 0, "insert_deduplication_token": fmt.Sprint("driver-", b.Digest()),
	}))
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO "+database+".provisioning_observations ("+strings.Join(names, ", ")+", timed)")
	if err != nil {
		return err
	}
	defer batch.Abort() //nolint:errcheck // nothing is left to abort after Send
	n := b.Activities.Len()
	var occurred []int64
	for i := range record.Fields {
		f, c := &record.Fields[i], b.Activities.Column(i)
		if f.Column == "occurred_at" {
			occurred = c.Numbers
		}
		if err := batch.Column(i).Append(d.values(f, b, c, n)); err != nil {
			return fmt.Errorf("%s: %w", f.Column, err)
		}
	}
	d.flags = d.flags[:0]
	for i := range n {
		d.flags = append(d.flags, occurred != nil && occurred[i] != 0)
	}
	if err := batch.Column(len(record.Fields)).Append(d.flags); err != nil {
		return err
	}
	return batch.Send()
}

func (d *driverInsert) values(f *record.Field, b *columnar.Batch, c *columnar.Column, n int) any {
	number := func(i int) int64 {
		if c.Numbers == nil {
			return 0
		}
		return c.Numbers[i]
	}
	d.texts, d.flags, d.counts, d.times, d.optionals = d.texts[:0], d.flags[:0], d.counts[:0], d.times[:0], d.optionals[:0]
	switch f.Value {
	case record.ValueBool:
		for i := range n {
			d.flags = append(d.flags, number(i) != 0)
		}
		return d.flags
	case record.ValueInt:
		if c.Numbers != nil {
			return c.Numbers
		}
		return make([]int64, n)
	case record.ValueUint:
		for i := range n {
			d.counts = append(d.counts, uint64(number(i)))
		}
		return d.counts
	case record.ValueTime:
		for i := range n {
			d.times = append(d.times, pcommon.Timestamp(number(i)).AsTime())
		}
		if f.Column == "occurred_at" || f.Column == "observed_at" {
			return d.times
		}
		for i := range d.times {
			at := &d.times[i]
			if number(i) == 0 {
				at = nil
			}
			d.optionals = append(d.optionals, at)
		}
		return d.optionals
	case record.ValueStatus:
		for i := range n {
			d.texts = append(d.texts, provisioning.Status(number(i)).String())
		}
		return d.texts
	case record.ValueID:
		for i := range n {
			text := ""
			if c.IDs != nil && !c.IDs[i].IsZero() {
				text = c.IDs[i].String()
			}
			d.texts = append(d.texts, text)
		}
		return d.texts
	default:
		for i := range n {
			text := ""
			if c.Texts != nil {
				text = b.Text(c.Texts[i])
			}
			d.texts = append(d.texts, text)
		}
		return d.texts
	}
}
