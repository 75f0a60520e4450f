package dashboards

import (
	"context"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"
)

// query runs a query as the plugin sends it.
func (s *store) query(t testing.TB, sql string) *result {
	t.Helper()
	var read atomic.Uint64
	ctx := clickhouse.Context(context.Background(), clickhouse.WithProgress(func(p *clickhouse.Progress) { read.Add(p.Rows) }),
		// Where FINAL divides a table among threads it reads a granule more.
		clickhouse.WithSettings(clickhouse.Settings{"max_threads": 1}))
	rows, err := s.Query(ctx, sql)
	require.NoError(t, err, sql)
	defer rows.Close()
	out := &result{names: rows.Columns()}
	for _, c := range rows.ColumnTypes() {
		out.types = append(out.types, c.DatabaseTypeName())
	}
	for rows.Next() {
		row := make([]any, len(out.names))
		for i, c := range rows.ColumnTypes() {
			row[i] = reflect.New(c.ScanType()).Interface()
		}
		require.NoError(t, rows.Scan(row...), sql)
		for i := range row {
			row[i] = reflect.ValueOf(row[i]).Elem().Interface()
		}
		out.rows = append(out.rows, row)
	}
	require.NoError(t, rows.Err(), sql)
	out.read = read.Load()
	return out
}

func number(t testing.TB, v any) float64 {
	t.Helper()
	value := reflect.ValueOf(v)
	for value.Kind() == reflect.Pointer {
		if value.IsNil() {
			return 0
		}
		value = value.Elem()
	}
	switch {
	case value.CanInt():
		return float64(value.Int())
	case value.CanUint():
		return float64(value.Uint())
	case value.CanFloat():
		return value.Float()
	default:
		require.Fail(t, "not a number", "%T", v)
		return 0
	}
}
