package heal

import (
	"context"

	"github.com/provtrail/provtrail/internal/columnar"
)

// Writer stores the new states of a replay in the archive, and then in ClickHouse. Where it
// ends between the two, provtrail doctor --repair clickhouse completes it.
type Writer struct {
	// Begin is called with the epoch of the new states before the first is stored.
	Begin func(ctx context.Context, epoch uint32) error
	// Archive and ClickHouse store a batch.
	Archive, ClickHouse func(context.Context, []*columnar.Batch) error

	begun   bool
	builder *columnar.Builder
	rows    int
}

const writeRows = 5_000

// Add stores the changes of a group, at the latest when Flush is called.
func (w *Writer) Add(ctx context.Context, g *GroupChange) error {
	if !w.begun {
		if err := w.Begin(ctx, uint32(g.Summary.Version>>32)); err != nil {
			return err
		}
		w.begun = true
	}
	if w.builder == nil {
		w.builder = columnar.NewBuilder(len(g.Changes))
	}
	for i := range g.Changes {
		w.builder.Activity(&g.Changes[i].Record)
	}
	w.builder.Group(&g.Summary)
	if w.rows += len(g.Changes); w.rows < writeRows {
		return nil
	}
	return w.Flush(ctx)
}

// Flush stores what was added.
func (w *Writer) Flush(ctx context.Context) error {
	if w.builder == nil {
		return nil
	}
	batches := []*columnar.Batch{w.builder.Batch()}
	w.builder, w.rows = nil, 0
	if err := w.Archive(ctx, batches); err != nil {
		return err
	}
	return w.ClickHouse(ctx, batches)
}
