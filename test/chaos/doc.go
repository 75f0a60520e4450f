// Command chaos runs the whole of provtrail as separate processes over a simulated
// tenant, breaks them in ways drawn from a seed, and then compares what ClickHouse and
// the archive hold with what they must: by id and value.
//
//	simulate --serve ──polls──────────┐
//	   └─triggers─> relay ──webhook──>│ provtrail ──> ClickHouse (a process of its own)
//	feeder ──torn files──────────────>│          └──> Parquet files
//
// The vendor's clock runs fast, so that days pass in minutes; what it indexes late
// appears late by that clock. See docs/reliability.md.
package main
