package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/ClickHouse/ch-go"
	"github.com/ClickHouse/ch-go/proto"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

// drive inserts one batch of columns, prepared before the clock starts, as often as
// the load has batches: what the driver can do at best.
func drive(ctx context.Context, address, like string, l *load) (float64, error) {
	conn, err := ch.Dial(ctx, ch.Options{Address: address, Compression: ch.CompressionLZ4, ReadTimeout: ch.NoTimeout})
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	for _, statement := range []string{
		"CREATE TABLE IF NOT EXISTS " + like + ".driver AS " + like + ".provisioning_observations",
	} {
		if err := conn.Do(ctx, ch.Query{Body: statement}); err != nil {
			return 0, err
		}
	}
	input, err := prepare(l.sample)
	if err != nil {
		return 0, err
	}
	query := ch.Query{
		Body: input.Into("driver"), Input: input,
		Settings: []ch.Setting{ch.SettingInt("async_insert", 0), ch.SettingInt("insert_deduplicate", 0)},
	}
	query.Body = "INSERT INTO " + like + ".driver " + input.Columns() + " VALUES"
	var spent time.Duration
	for i := range l.batches {
		runtime.GC()
		before := cpu()
		if err := conn.Do(ctx, query); err != nil {
			return 0, err
		}
		if i > 0 {
			spent += cpu() - before
		}
	}
	return float64(len(l.sample)*(len(l.batches)-1)) / spent.Seconds(), nil
}

// prepare makes the driver's own columns of the types the table has.
func prepare(records []provisioning.Record) (proto.Input, error) {
	var input proto.Input
	for i := range provisioning.Fields {
		f := &provisioning.Fields[i]
		column, err := columnOf(f, records)
		if err != nil {
			return nil, err
		}
		input = append(input, proto.InputColumn{Name: f.Column, Data: column})
	}
	timed := new(proto.ColBool)
	for i := range records {
		timed.Append(records[i].OccurredAt != 0)
	}
	return append(input, proto.InputColumn{Name: "timed", Data: timed}), nil
}

func columnOf(f *provisioning.Field, records []provisioning.Record) (proto.ColInput, error) {
	switch f.Of(&records[0]).(type) {
	case *bool:
		c := new(proto.ColBool)
		for i := range records {
			c.Append(*f.Of(&records[i]).(*bool))
		}
		return c, nil
	case *int64:
		c := new(proto.ColInt64)
		for i := range records {
			c.Append(*f.Of(&records[i]).(*int64))
		}
		return c, nil
	case *uint64:
		c := new(proto.ColUInt64)
		for i := range records {
			c.Append(*f.Of(&records[i]).(*uint64))
		}
		return c, nil
	case *pcommon.Timestamp:
		return timesOf(f, records), nil
	}
	texts := make([]string, len(records))
	for i := range records {
		switch v := f.Of(&records[i]).(type) {
		case *string:
			texts[i] = *v
		case fmt.Stringer:
			texts[i] = v.String()
		case *provisioning.Feed:
			texts[i] = string(*v)
		case *provisioning.Dialect:
			texts[i] = string(*v)
		case *provisioning.Sort:
			texts[i] = string(*v)
		case *provisioning.Operation:
			texts[i] = string(*v)
		case *provisioning.Kind:
			texts[i] = string(*v)
		case *provisioning.FailedOn:
			texts[i] = string(*v)
		default:
			return nil, fmt.Errorf("column %s has type %T", f.Column, v)
		}
	}
	if f.Few {
		c := new(proto.ColStr).LowCardinality()
		c.AppendArr(texts)
		return c, nil
	}
	c := new(proto.ColStr)
	c.AppendArr(texts)
	return c, nil
}

func timesOf(f *provisioning.Field, records []provisioning.Record) proto.ColInput {
	times := new(proto.ColDateTime64).WithPrecision(proto.PrecisionMicro).WithLocation(time.UTC)
	always := f.Column == "occurred_at" || f.Column == "observed_at"
	c := proto.NewColNullable[time.Time](times)
	for i := range records {
		at := *f.Of(&records[i]).(*pcommon.Timestamp)
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
