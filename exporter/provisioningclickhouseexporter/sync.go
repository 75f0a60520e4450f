package provisioningclickhouseexporter

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/columns"
	"github.com/provtrail/provtrail/internal/columnar"
)

// syncs: the exporter makes inserts durable, not the server.
func (c *Config) syncs() bool { return c.SyncDirectory != "" && canSync }

// storeAndSync is store, after which the rows survive a power cut.
func (e *clickhouseExporter) storeAndSync(ctx context.Context, batches []*columnar.Batch) error {
	if !e.cfg.syncs() {
		return e.store(ctx, batches)
	}
	// The kernel reports a failed write to those who had a file open when it failed.
	dir, err := os.Open(e.cfg.SyncDirectory)
	if err != nil {
		return fmt.Errorf("sync_directory: %w", err)
	}
	defer dir.Close()
	if err = e.store(ctx, batches); err == nil {
		if err = syncFileSystem(dir); err != nil {
			err = fmt.Errorf("sync the file system of %s: %w", e.cfg.SyncDirectory, err)
		}
	}
	if err != nil {
		// The server may remember an insert whose rows did not reach the disk.
		e.renewRun()
	}
	return err
}

// renewRun has the server take again what it has taken before.
func (e *clickhouseExporter) renewRun() {
	run := rand.Text() + "-"
	e.run.Store(&run)
}

// token names an insert, so that the server takes it once.
func (e *clickhouseExporter) token(to *columns.Table, batches []*columnar.Batch) string {
	if run := e.run.Load(); run != nil {
		return *run + to.Token(batches)
	}
	return to.Token(batches)
}

// checkSyncDirectory reports whether syncing the directory's file system syncs the tables.
// The paths of tables have random parts, so another machine does not have them.
func (t *tables) checkSyncDirectory(ctx context.Context) error {
	paths, err := t.server.Strings(ctx, "SELECT arrayJoin(data_paths) FROM system.tables WHERE engine LIKE '%MergeTree' AND database = "+t.target.Literal(t.target.Database))
	if err != nil {
		return fmt.Errorf("read where the tables are: %w", err)
	}
	var errs []error
	for _, path := range paths {
		if same, err := onSameFileSystem(path, t.syncDirectory); err != nil || !same {
			errs = append(errs, fmt.Errorf("%s of ClickHouse is not on the file system of %s: %w", path, t.syncDirectory, errors.Join(errNotThere, err)))
		}
	}
	return errors.Join(errs...)
}

var errNotThere = errors.New("set sync_directory to the directory of ClickHouse's files, or remove it where ClickHouse runs on another machine")
