package heal

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// progress remembers, in the store that is filled, which files it has: a restore that was
// killed goes on, and one into another store, or one that was lost again, does not.
type progress struct {
	to    Target
	table string
	run   string
	done  map[string]bool
}

func openProgress(ctx context.Context, to Target, run string) (*progress, error) {
	p := &progress{to: to, table: to.Table("provisioning_restore_progress"), run: run, done: map[string]bool{}}
	err := to.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+p.table+" (run String, file String) ENGINE = ReplacingMergeTree ORDER BY (run, file)")
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", p.table, err)
	}
	files, err := to.Strings(ctx, "SELECT file FROM "+p.table+" WHERE run = "+literal(run))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", p.table, err)
	}
	for _, name := range []string{"provisioning_observations", "provisioning_activities"} {
		if len(files) == 0 {
			break
		}
		rows, err := to.Strings(ctx, "SELECT toString(count() > 0) FROM "+to.Table(name))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", to.Table(name), err)
		}
		if !slices.Contains(rows, "1") {
			files = nil // the table was emptied since
		}
	}
	for _, f := range files {
		p.done[f] = true
	}
	return p, nil
}

// add notes that files are stored.
func (p *progress) add(ctx context.Context, files []string) error {
	if len(files) == 0 {
		return nil
	}
	rows := make([]string, len(files))
	for i, f := range files {
		rows[i] = "(" + literal(p.run) + ", " + literal(f) + ")"
		p.done[f] = true
	}
	if err := p.to.Exec(ctx, "INSERT INTO "+p.table+" VALUES "+strings.Join(rows, ", ")); err != nil {
		return fmt.Errorf("write %s: %w", p.table, err)
	}
	return nil
}

// finish forgets everything: the same restore begins anew.
func (p *progress) finish(ctx context.Context) error {
	if err := p.to.Exec(ctx, "DROP TABLE IF EXISTS "+p.table+" SYNC"); err != nil {
		return fmt.Errorf("drop %s: %w", p.table, err)
	}
	return nil
}

func literal(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
