package schema

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Server is a connection to one server.
type Server interface {
	// Exec runs a statement without a result.
	Exec(ctx context.Context, sql string) error
	// Strings runs a query and returns its first column as text.
	Strings(ctx context.Context, sql string) ([]string, error)
}

const history = "provisioning_schema_migrations"

// NewerError means that a newer provtrail created the tables.
type NewerError struct {
	Database     string
	Found, Known uint32
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("the tables in database %s have schema version %d, this program knows %d: a newer provtrail created them; "+
		"nothing was written or changed, the data waits in the queue; run that version or a newer one", e.Database, e.Found, e.Known)
}

// Migrate brings one server to the newest schema. It never
// removes a row. Several collectors may run it at once. With repair it also applies the
// versions that were applied before, so that a table dropped by hand is created again.
func Migrate(ctx context.Context, server Server, t Target, repair bool) error {
	for _, statement := range []string{
		"CREATE DATABASE IF NOT EXISTS " + quote(t.Database),
		"CREATE TABLE IF NOT EXISTS " + t.Table(history) +
			" (version UInt32, applied_at DateTime64(3, 'UTC')) ENGINE = ReplacingMergeTree ORDER BY version SETTINGS " + durable,
	} {
		if err := server.Exec(ctx, statement); err != nil {
			return fmt.Errorf("prepare database %s: %w", t.Database, err)
		}
	}
	current, err := Check(ctx, server, t)
	if err != nil {
		return err
	}
	if err := checkEngines(ctx, server, t); err != nil {
		return err
	}
	if repair {
		current = 0
	}
	for _, m := range Migrations[current:] {
		if err := apply(ctx, server, t, m); err != nil {
			return err
		}
	}
	if err := createOverAllShards(ctx, server, t); err != nil {
		return err
	}
	if err := createViews(ctx, server, t); err != nil {
		return err
	}
	if err := fillSignatures(ctx, server, t); err != nil {
		return err
	}
	if err := setInserts(ctx, server, t); err != nil {
		return err
	}
	return removeTTLs(ctx, server, t)
}

// setInserts has tables that were made with the other settings of inserts follow the target.
func setInserts(ctx context.Context, server Server, t Target) error {
	tables, err := t.tablesWith(ctx, server, "position(engine_full, "+literal(t.inserts())+") = 0")
	for _, table := range tables {
		if err = server.Exec(ctx, "ALTER TABLE "+t.Table(table)+" MODIFY SETTING "+t.inserts()); err != nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("set when inserts into database %s are synced: %w", t.Database, err)
	}
	return nil
}

// HasUnsyncedInserts reports whether tables leave it to whoever inserts to sync the rows.
func HasUnsyncedInserts(ctx context.Context, server Server, t Target) (bool, error) {
	tables, err := t.tablesWith(ctx, server, "position(engine_full, "+literal(unsyncedInserts)+") > 0")
	return len(tables) > 0, err
}

func (t Target) tablesWith(ctx context.Context, server Server, condition string) ([]string, error) {
	return server.Strings(ctx, fmt.Sprintf("SELECT name FROM system.tables WHERE database = %s AND engine LIKE '%%MergeTree' "+
		"AND name LIKE 'provisioning%%' AND name != %s AND %s", literal(t.Database), literal(history), condition))
}

// Check returns the schema version of the tables, or a NewerError.
func Check(ctx context.Context, server Server, t Target) (uint32, error) {
	rows, err := server.Strings(ctx, "SELECT toString(max(version)) FROM "+t.Table(history))
	if err != nil {
		return 0, fmt.Errorf("read the schema version of database %s: %w", t.Database, err)
	}
	var found uint64
	if len(rows) > 0 {
		if found, err = strconv.ParseUint(rows[0], 10, 32); err != nil {
			return 0, fmt.Errorf("read the schema version of database %s: %w", t.Database, err)
		}
	}
	if known := len(Migrations); found > uint64(known) {
		return 0, &NewerError{Database: t.Database, Found: uint32(found), Known: uint32(known)}
	}
	return uint32(found), nil
}

// maxMigration bounds one migration. A migration may copy what is stored, so it goes on
// after the batch that waits for it has timed out.
const maxMigration = time.Hour

func apply(ctx context.Context, server Server, t Target, m Migration) error {
	statements, err := m.Statements(t)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxMigration)
	defer cancel()
	for _, statement := range statements {
		if err := server.Exec(ctx, statement); err != nil {
			return fmt.Errorf("migrate to schema version %d: %w", m.Version, err)
		}
	}
	if err := server.Exec(ctx, fmt.Sprintf("INSERT INTO %s SELECT %d, now64(3)", t.Table(history), m.Version)); err != nil {
		return fmt.Errorf("record schema version %d: %w", m.Version, err)
	}
	return nil
}
