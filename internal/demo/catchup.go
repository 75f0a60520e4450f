package demo

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/internal/simulate/truth"
)

const (
	// The groups' table is made after the activities': then the tables are there.
	schemaStanding   = "SELECT count() > 0 FROM system.tables WHERE database = currentDatabase() AND name = 'provisioning_groups'"
	statusesStanding = "SELECT toString(status), toInt64(count()) FROM activities GROUP BY status"
)

// catchUp waits until the simulated past stands in ClickHouse: as many activities
// of each status as the truth has. What an earlier run left is not waited for: if it
// was killed, its truth may lack its last documents.
func catchUp(ctx context.Context, o Options, collector *process, db *sql.DB, tenant *simulate.Options) error {
	known, err := truth.Read(tenant.Truth())
	if err != nil {
		return err
	}
	want := map[string]int64{}
	for _, a := range known.Activities {
		want[a.Status]++
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.Timeout,
		fmt.Errorf("after %s not all %d activities are in ClickHouse; the collector's log: %s", o.Timeout, len(known.Activities), collector.log.Name()))
	defer cancel()
	bar := newBar(o, int64(len(known.Activities)))
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		have := statuses(ctx, db)
		var total int64
		for _, n := range have {
			total += n
		}
		_ = bar.Set64(min(total, int64(len(known.Activities))))
		if maps.Equal(have, want) || tenant.Append && have != nil {
			return bar.Finish()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-collector.exited:
			return collector.failed("the collector")
		}
	}
}

// statuses counts the activities by status; nil while ClickHouse or its tables are
// not there yet.
func statuses(ctx context.Context, db *sql.DB) map[string]int64 {
	var ready bool
	if db.QueryRowContext(ctx, schemaStanding).Scan(&ready) != nil || !ready {
		return nil
	}
	rows, err := db.QueryContext(ctx, statusesStanding)
	if err != nil {
		return nil
	}
	defer rows.Close()
	counts := map[string]int64{}
	for rows.Next() {
		var status string
		var n int64
		if rows.Scan(&status, &n) != nil {
			return nil
		}
		counts[status] = n
	}
	if rows.Err() != nil {
		return nil
	}
	return counts
}

// newBar draws only where a person sees it.
func newBar(o Options, total int64) *progressbar.ProgressBar {
	out := o.Tenant.Progress
	if out == nil {
		out = io.Discard
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(out), progressbar.OptionSetDescription("Activities in ClickHouse"),
		progressbar.OptionShowCount(), progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionFullWidth(),
		progressbar.OptionOnCompletion(func() { _, _ = fmt.Fprintln(out) }))
}
