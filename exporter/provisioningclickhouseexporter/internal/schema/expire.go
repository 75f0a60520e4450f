package schema

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// ClickHouse's own TTL goes by the server's clock: a clock that is a year ahead for a minute
// removes everything. So the tables have no TTL, and Expire removes rows by the vendor's
// times: nothing is older than its ttl until both the clock and the newest record say so.

// expiring are the tables that do not keep their rows for ever.
func (t Target) expiring() []expiring {
	return []expiring{
		{"provisioning_observations", "observed_at", "occurred_at", t.TTL, "toDate(occurred_at)"},
		{"provisioning_activities", "observed_at", "occurred_at", t.TTL, ""},
		{"provisioning_groups", "observed_at", "last_at", t.TTL, ""},
		{"provisioning_transitions", "hour", "hour", t.RollupTTL, ""},
		{"provisioning_reports", "hour", "hour", t.RollupTTL, ""},
		{"provisioning_errors", "occurred_at", "occurred_at", t.RollupTTL, "toDate(occurred_at)"},
		{"provisioning_quarantine", "observed_at", "observed_at", t.QuarantineTTL, ""},
		{"provisioning_reconciliations", "hour", "hour", t.RollupTTL, ""},
	}
}

type expiring struct {
	name, column string
	// vendors is the column with the vendor's time, which counts for rows that were
	// received in the future, when the clock was ahead.
	vendors string
	ttl     time.Duration // 0 keeps for ever
	// day is the partition of a table of which whole parts are removed. Of others rows
	// are, which rewrites the parts that have them.
	day string
}

// Expired is what Expire did.
type Expired struct {
	// Until is the time by which rows were judged; zero while the tables have no record
	// with a vendor's time, and then nothing expires.
	Until time.Time
	// Tables are those that rows were removed from.
	Tables []string
}

// Expire removes the rows of one server that are older than their ttl. now is the time of
// the machine's clock. Several collectors may call it at once.
func Expire(ctx context.Context, server Server, t Target, now time.Time) (e Expired, err error) {
	newest, err := newestVendorTime(ctx, server, t)
	if err != nil || newest.IsZero() {
		return e, err
	}
	if e.Until = now; newest.Before(now) {
		e.Until = newest
	}
	var errs []error
	for _, table := range t.expiring() {
		if table.ttl <= 0 {
			continue
		}
		oldest := e.Until.Add(-table.ttl).Truncate(step(table.ttl))
		removed, err := false, table.note(ctx, server, t, oldest)
		if err == nil {
			removed, err = table.removeBefore(ctx, server, t, oldest, now)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("remove what is older than %s from %s: %w", oldest.UTC().Format(time.RFC3339), t.Table(table.name), err))
		}
		if removed {
			e.Tables = append(e.Tables, table.name)
		}
	}
	return e, errors.Join(errs...)
}

// step has rows removed once a day at most, because that rewrites whole parts.
func step(ttl time.Duration) time.Duration { return min(24*time.Hour, ttl/7) }

// newestVendorTime is the newest time that the vendor gave, but for an hour. Times that
// were in the future when they were received do not count.
func newestVendorTime(ctx context.Context, server Server, t Target) (time.Time, error) {
	rows, err := server.Strings(ctx, "SELECT toString(toUnixTimestamp(occurred_at)) FROM "+t.Table("provisioning_observations")+
		" WHERE timed AND record_type = 'observation' AND occurred_at <= observed_at + INTERVAL 10 MINUTE"+
		" ORDER BY toStartOfHour(occurred_at) DESC LIMIT 1")
	if err != nil || len(rows) == 0 {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(rows[0], 10, 64)
	return time.Unix(seconds, 0), err
}

// note records in the comment of the table, before rows are removed, which may be gone, so
// that a comparison with the archive does not miss them.
func (x *expiring) note(ctx context.Context, server Server, t Target, oldest time.Time) error {
	rows, err := server.Strings(ctx, fmt.Sprintf("SELECT extract(comment, '%s') FROM system.tables WHERE database = %s AND name = %s",
		ExpiredComment, literal(t.Database), literal(x.name)))
	if err != nil || len(rows) == 0 {
		return err
	}
	if noted, err := strconv.ParseInt(rows[0], 10, 64); err == nil && noted >= oldest.Unix() {
		return nil
	}
	return server.Exec(ctx, fmt.Sprintf("ALTER TABLE %s MODIFY COMMENT 'rows before %d s since 1970 have expired'", t.Table(x.name), oldest.Unix()))
}

// ExpiredComment is the regular expression of the time, in seconds since 1970, before which
// rows have expired, in the comment of a table.
const ExpiredComment = "rows before ([0-9]+) s since 1970 have expired"

func (x *expiring) removeBefore(ctx context.Context, server Server, t Target, oldest, now time.Time) (removed bool, err error) {
	if oldest.Unix() <= 0 {
		return false, nil
	}
	table, before := t.Table(x.name), timeLiteral(oldest)
	at := fmt.Sprintf("if(%s > %s, %s, %s)", x.column, timeLiteral(now.Add(24*time.Hour)), x.vendors, x.column)
	if x.day == "" {
		where := " WHERE " + at + " < " + before
		rows, err := server.Strings(ctx, "SELECT toString(count()) FROM "+table+where)
		if err != nil || len(rows) == 0 || rows[0] == "0" {
			return false, err
		}
		return true, server.Exec(ctx, "ALTER TABLE "+table+" DELETE"+where+" SETTINGS mutations_sync = 1")
	}
	// A row that arrives meanwhile is in a part of its own, which is not removed.
	parts, err := server.Strings(ctx, fmt.Sprintf("SELECT CAST(_part, 'String') FROM %s WHERE %s < toDate(%s) GROUP BY _part HAVING max(%s) < %s", table, x.day, before, at, before))
	if err != nil {
		return false, err
	}
	var errs []error
	for _, part := range parts {
		// One that was merged meanwhile is found the next time.
		errs = append(errs, server.Exec(ctx, "ALTER TABLE "+table+" DROP PART "+literal(part)))
	}
	return len(parts) > 0, errors.Join(errs...)
}

func timeLiteral(at time.Time) string {
	return "toDateTime(" + strconv.FormatInt(at.Unix(), 10) + ", 'UTC')"
}

// removeTTLs removes the TTL of tables that have one: Expire takes its place.
func removeTTLs(ctx context.Context, server Server, t Target) error {
	for _, table := range t.expiring() {
		has, err := server.Strings(ctx, fmt.Sprintf("SELECT name FROM system.tables WHERE database = %s AND name = %s AND engine_full LIKE '%% TTL %%'",
			literal(t.Database), literal(table.name)))
		if err != nil {
			return fmt.Errorf("read the TTL of %s: %w", t.Table(table.name), err)
		}
		if len(has) == 0 {
			continue
		}
		if err := server.Exec(ctx, "ALTER TABLE "+t.Table(table.name)+" REMOVE TTL"); err != nil {
			return fmt.Errorf("remove the TTL of %s: %w", t.Table(table.name), err)
		}
	}
	return nil
}
