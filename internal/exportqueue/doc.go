// Package exportqueue is the sending queue of the exporters that store records:
// exporterhelper's queue, whose items are batches of records instead of pdata. A
// batch is read from pdata once, takes a fraction of the bytes on the disk (each
// text of a batch is written once, and the whole is compressed), and is read back
// with a few allocations, where OTLP needs three for each attribute.
package exportqueue
