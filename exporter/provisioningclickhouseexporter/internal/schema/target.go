// Package schema holds the tables and views as SQL files and creates them on a server.
package schema

import (
	"strings"
	"time"
)

// Target is where the tables are and how long they keep their rows. The SQL files call its
// methods.
type Target struct {
	Database      string
	TTL           time.Duration // observations, activities, groups; 0 keeps for ever
	RollupTTL     time.Duration // transitions, reports, errors, reconciliations; 0 keeps for ever
	QuarantineTTL time.Duration // quarantine; 0 keeps for ever
	Cluster       *Cluster      // nil for one server
	// UnsyncedInserts: whoever inserts syncs the server's file system afterwards.
	UnsyncedInserts bool
}

// Table is the quoted name of a table or view.
func (t Target) Table(name string) string { return quote(t.Database) + "." + quote(name) }

// durable are the settings with which an acknowledged insert survives a power cut. They
// cover merged parts too, because ClickHouse removes the parts that a merge replaced while
// the merged one may still be in memory only.
const durable = syncedInserts + ", " + syncedMerges

const (
	syncedInserts   = "fsync_after_insert = 1, fsync_part_directory = 1"
	unsyncedInserts = "fsync_after_insert = 0, fsync_part_directory = 0"
	syncedMerges    = "min_rows_to_fsync_after_merge = 1"
)

// inserts are the settings of inserts.
func (t Target) inserts() string {
	if t.UnsyncedInserts {
		return unsyncedInserts
	}
	return syncedInserts
}

// compact are the settings that keep the columns of a part in one file: each file costs a
// sync, and a table has up to 80 columns. Larger parts are few.
const compact = "min_bytes_for_wide_part = 134217728"

// fewMerges merges about sixteen parts at once. With ClickHouse's own five a partition that
// grows by small parts is rewritten as a whole with every fifth of them.
const fewMerges = "merge_selector_base = 16"

// Settings are common to all tables: repeated inserts are recognised by their token, and
// acknowledged ones are durable.
func (t Target) Settings() string {
	window := "non_replicated_deduplication_window = 1000"
	if t.replicated() {
		window = "replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800"
	}
	return strings.Join([]string{window, t.inserts(), syncedMerges, compact, fewMerges}, ", ")
}

// MergeWhenIdle are settings that merge a partition into one part once nothing was inserted
// into it for four hours: FINAL over one part is free. Each such merge rewrites the whole
// partition, so it must not follow every short pause.
func (Target) MergeWhenIdle() string {
	return "min_age_to_force_merge_seconds = 14400, min_age_to_force_merge_on_partition_only = 1"
}

func quote(name string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(name) + "`"
}

func literal(text string) string { return "'" + escape(text) + "'" }

func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text)
}
