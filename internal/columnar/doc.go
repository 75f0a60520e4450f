// Package columnar holds a batch of records column by column, each distinct text once:
// what the stores that keep columns want to be given, and what takes the least room in
// memory and in a queue on the disk. A batch never changes once it is made, so it may be
// shared, and cut without being copied.
package columnar
