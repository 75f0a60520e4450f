package main

import (
	"context"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning/record"
)

// drive inserts one batch of columns, prepared before the clock starts, as often as
// the load has batches: what the driver can do at best.
func drive(ctx context.Context, address, like string, l *load) (s speed, err error) {
	conn, err := ch.Dial(ctx, ch.Options{Address: address, Compression: ch.CompressionLZ4, ReadTimeout: ch.NoTimeout})
	if err != nil {
		return s, err
	}
	defer conn.Close()
	for _, statement := range []string{
		"CREATE TABLE IF NOT EXISTS " + like + ".driver AS " + like + ".provisioning_observations",
	} {
		if err := conn.Do(ctx, ch.Query{Body: statement}); err != nil {
			return s, err
		}
	}
	input := prepare(l.batches[0])
	query := ch.Query{
		Body: input.Into("driver"), Input: input,
		Settings: []ch.Setting{ch.SettingInt("async_insert", 0), ch.SettingInt("insert_deduplicate", 0)},
	}
	query.Body = "INSERT INTO " + like + ".driver " + input.Columns() + " VALUES"
	for i := range l.batches {
		if err := s.add(i == 0, len(l.batches[0]), func() error { return conn.Do(ctx, query) }); err != nil {
			return s, err
		}
	}
	return s, nil
}

// prepare makes the driver's own columns of the types the table has.
func prepare(records []record.Record) proto.Input {
	var input proto.Input
	for i := range record.Fields {
		f := &record.Fields[i]
		input = append(input, proto.InputColumn{Name: f.Column, Data: columnOf(f, records)})
	}
	timed := new(proto.ColBool)
	for i := range records {
		timed.Append(records[i].OccurredAt != 0)
	}
	return append(input, proto.InputColumn{Name: "timed", Data: timed})
}

func columnOf(f *record.Field, records []record.Record) proto.ColInput {
	switch f.Value {
	case record.ValueBool:
		c := new(proto.ColBool)
		for i := range records {
			c.Append(f.Number(&records[i]) != 0)
		}
		return c
	case record.ValueInt:
		c := new(proto.ColInt64)
		for i := range records {
			c.Append(f.Number(&records[i]))
		}
		return c
	case record.ValueUint:
		c := new(proto.ColUInt64)
		for i := range records {
			c.Append(uint64(f.Number(&records[i])))
		}
		return c
	case record.ValueTime:
		return timesOf(f, records)
	}
	texts := make([]string, len(records))
	for i := range records {
		texts[i] = f.Word(&records[i])
	}
	if f.LowCardinality {
		c := new(proto.ColStr).LowCardinality()
		c.AppendArr(texts)
		return c
	}
	c := new(proto.ColStr)
	c.AppendArr(texts)
	return c
}

func timesOf(f *record.Field, records []record.Record) proto.ColInput {
	times := new(proto.ColDateTime64).WithPrecision(proto.PrecisionMicro).WithLocation(time.UTC)
	always := f.Column == "occurred_at" || f.Column == "observed_at"
	c := proto.NewColNullable[time.Time](times)
	for i := range records {
		at := pcommon.Timestamp(f.Number(&records[i]))
		if f.Column == "occurred_at" {
			at = records[i].At()
		}
		switch {
		case always:
			times.Append(at.AsTime())
		case at == 0:
			c.Append(proto.Null[time.Time]())
		default:
			c.Append(proto.NewNullable(at.AsTime()))
		}
	}
	if always {
		return times
	}
	return c
}
