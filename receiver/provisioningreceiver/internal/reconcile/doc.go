// Package reconcile compares, for each feed and each hour of the vendor's clock, the
// documents that the vendor counts with those that were delivered, and states the result
// as a [record.Reconciliation].
//
// [Delivered] remembers which documents were accepted by the next consumer. [Reconciler] asks
// a [Vendor] about each hour that is due ([Config]), has an hour that does not agree read
// again, and emits what it found. What to ask when, and what an answer means, is pure
// (schedule.go, verdict.go).
package reconcile
