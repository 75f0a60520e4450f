// Package columns turns records into blocks of ClickHouse's native format: no value
// is copied more than once, and all memory is kept for the next batch.
package columns
