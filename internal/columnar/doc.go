// Package columnar holds a batch of records column by column, each distinct text once:
// the form that columnar stores take, and the smallest one in memory and in a queue on
// disk. A batch is immutable, so that several owners can share it and split it without
// copying.
package columnar
