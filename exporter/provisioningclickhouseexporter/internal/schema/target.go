// Package schema holds the tables, as SQL files, and brings a server to them.
package schema

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Target says where the tables stand and how long they keep their rows. Its methods
// are what the SQL files call.
type Target struct {
	Database string
	// Cluster is the server's name for its cluster; empty for a single server. On a
	// cluster each table is a replicated <table>_local and a Distributed <table>.
	Cluster string

	TTL           time.Duration // observations, activities, groups; 0 keeps for ever
	RollupTTL     time.Duration // hourly rollup; 0 keeps for ever
	QuarantineTTL time.Duration // quarantine; 0 keeps for ever
}

// Table is the quoted name that people query and the exporter inserts into.
func (t Target) Table(name string) string { return quote(t.Database) + "." + quote(name) }

// Local is the quoted name of what holds this server's rows.
func (t Target) Local(name string) string { return t.Table(t.local(name)) }

func (t Target) local(name string) string {
	if t.Cluster == "" {
		return name
	}
	return name + "_local"
}

// Engine is the engine of a table: replicated on a cluster.
func (t Target) Engine(engine, table, args string) string {
	if t.Cluster == "" {
		return fmt.Sprintf("%s(%s)", engine, args)
	}
	if args != "" {
		args = ", " + args
	}
	return fmt.Sprintf("Replicated%s('/clickhouse/tables/{shard}/%s/%s', '{replica}'%s)", engine, escape(t.Database), table, args)
}

// Distribute is the table over all shards, nothing on a single server.
func (t Target) Distribute(table, shardingKey string) string {
	if t.Cluster == "" {
		return ""
	}
	return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s AS %s\nENGINE = Distributed(%s, %s, %s, %s);",
		t.Table(table), t.Local(table), literal(t.Cluster), literal(t.Database), literal(t.local(table)), shardingKey)
}

// Settings are common to all tables: repeated inserts are recognised by their token,
// and an acknowledged insert survives a power cut.
func (t Target) Settings() string {
	window := "non_replicated_deduplication_window"
	if t.Cluster != "" {
		window = "replicated_deduplication_window"
	}
	return window + " = 1000, fsync_after_insert = 1, fsync_part_directory = 1, materialize_ttl_recalculate_only = 1"
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
