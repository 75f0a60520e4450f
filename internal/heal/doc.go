// Package heal lets each store repair the other: it fills ClickHouse from the archive,
// compares the two, and folds archived observations again with today's rules.
package heal
