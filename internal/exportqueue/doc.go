// Package exportqueue is the sending queue of the exporters that store records:
// exporterhelper's queue, whose items are columnar batches instead of pdata. What is
// given to several exporters is read and encoded once, and an exporter that keeps up does
// not read back from the disk what it has just written there.
package exportqueue
