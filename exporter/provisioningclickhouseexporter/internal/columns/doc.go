// Package columns turns log records into blocks of ClickHouse's native format,
// straight from pdata: one pass over a record's attributes, no value copied more
// than once, all memory kept for the next batch.
package columns
