// Package columns makes blocks in ClickHouse's native format from columnar batches. It
// copies each value at most once and reuses its memory.
package columns
