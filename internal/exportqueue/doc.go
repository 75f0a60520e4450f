// Package exportqueue is the sending queue of the exporters that store records:
// exporterhelper's queue with columnar batches for items instead of pdata. Exporters of one
// pipeline share the reading and encoding of a batch, and an exporter that keeps up does
// not decode what it has just written to disk.
package exportqueue
