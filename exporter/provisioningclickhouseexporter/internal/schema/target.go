// Package schema holds the tables, as SQL files, and brings a server to them.
package schema

import (
	"strconv"
	"strings"
	"time"
)

// Target says where the tables stand and how long they keep their rows. Its methods
// are what the SQL files call.
type Target struct {
	Database      string
	TTL           time.Duration // observations, activities, groups; 0 keeps for ever
	RollupTTL     time.Duration // hourly rollup; 0 keeps for ever
	QuarantineTTL time.Duration // quarantine; 0 keeps for ever
	Cluster       *Cluster      // nil for one server
}

// Table is the quoted name of a table or view.
func (t Target) Table(name string) string { return quote(t.Database) + "." + quote(name) }

// Settings are common to all tables: repeated inserts are recognised by their token,
// and an acknowledged insert survives a power cut.
func (t Target) Settings() string {
	window := "non_replicated_deduplication_window = 1000"
	if t.replicated() {
		window = "replicated_deduplication_window = 1000, replicated_deduplication_window_seconds = 604800"
	}
	return window + ", fsync_after_insert = 1, fsync_part_directory = 1, materialize_ttl_recalculate_only = 1"
}

// Codec gives columns of an ALTER another codec.
func (t Target) Codec(codec string, columns ...string) string {
	return "MODIFY COLUMN " + strings.Join(columns, " CODEC("+codec+"), MODIFY COLUMN ") + " CODEC(" + codec + ")"
}

// Expire is the TTL clause of a table.
func (t Target) Expire(column string, ttl time.Duration) string {
	if ttl <= 0 {
		return ""
	}
	return "TTL " + ttlExpression(column, ttl)
}

func ttlExpression(column string, ttl time.Duration) string {
	if column != "hour" {
		column = "toDateTime(" + column + ")"
	}
	return column + " + toIntervalSecond(" + strconv.FormatInt(int64(ttl/time.Second), 10) + ")"
}

func quote(name string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(name) + "`"
}

func literal(text string) string { return "'" + escape(text) + "'" }

func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text)
}
