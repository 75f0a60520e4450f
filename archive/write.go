package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"

	"github.com/provtrail/provtrail/archive/internal/idindex"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Batch is what Write stores at once.
type Batch struct {
	Records         []*record.Record
	Quarantined     []*record.Quarantined
	Reconciliations []*record.Reconciliation
}

// Written is what a call of Write stored.
type Written struct {
	Files int
	Rows  int   // without repetitions
	Late  int   // rows under the current hour because their own hour is sealed
	Bytes int64 // of the files
}

// Write stores a batch. When it returns nil, every record is durable. After an error
// some may be; writing the same batch again stores the others and repeats none.
func (a *Archive) Write(ctx context.Context, b Batch) (Written, error) {
	to := columnar.NewBuilder(len(b.Records) + len(b.Quarantined) + len(b.Reconciliations))
	for _, r := range b.Records {
		to.Activity(r)
	}
	for _, q := range b.Quarantined {
		to.Quarantined(q)
	}
	for _, s := range b.Reconciliations {
		to.Reconciliation(s)
	}
	return a.WriteColumns(ctx, []*columnar.Batch{to.Batch()})
}

// WriteColumns is Write for batches of columns, as this module's exporters have them.
// Groups are left out: the archive has their activities.
func (a *Archive) WriteColumns(ctx context.Context, batches []*columnar.Batch) (w Written, err error) {
	a.writing.RLock()
	defer a.writing.RUnlock()
	if batches, err = a.encrypt(batches); err != nil {
		return w, err
	}
	source := parquetfile.NewSource(batches)
	if err = writeTable(ctx, a, &w, parquetfile.Activities, source); err == nil {
		err = writeTable(ctx, a, &w, parquetfile.Quarantine, source)
	}
	if err == nil {
		err = writeTable(ctx, a, &w, parquetfile.Reconciliations, source)
	}
	return w, err
}

func writeTable[T any](ctx context.Context, a *Archive, w *Written, t *parquetfile.Table[T], source *parquetfile.Source) error {
	refs := t.Refs(source)
	if a.clock.Late() {
		a.takeEvidence(refs)
	}
	refs, late, err := idindex.DropStored(ctx, &a.index, a.store, t, a.lastSealed, refs)
	if err != nil {
		return err
	}
	w.Late += late
	partitions := map[layout.Partition][]parquetfile.Ref{}
	for i := range refs {
		p := layout.Partition{Dir: refs[i].Dir, Hour: a.targetHour(layout.HourAt(refs[i].Observed))}
		partitions[p] = append(partitions[p], refs[i])
	}
	for p, refs := range partitions {
		if err := ctx.Err(); err != nil {
			return err
		}
		refs = parquetfile.SortAndDedup(refs)
		file := fileName(refs)
		name := path.Join(p.Path(), file)
		size, err := a.store.Put(ctx, name, func(to io.Writer) error {
			f := parquetfile.NewWriter(t, to)
			if err := f.WriteColumns(source, refs); err != nil {
				return err
			}
			return f.Close()
		})
		if err != nil {
			return fmt.Errorf("archive %s: write %s (%d records): %w", a.store, name, len(refs), err)
		}
		a.keep(p.Hour, name)
		a.index.Add(p, file, func(yield func(*provisioning.ID) bool) {
			for i := range refs {
				if !yield(&refs[i].ID) {
					return
				}
			}
		})
		w.Files++
		w.Rows += len(refs)
		w.Bytes += size
	}
	return nil
}

// takeEvidence shows the times that the vendor gives to the clock.
func (a *Archive) takeEvidence(refs []parquetfile.Ref) {
	for i := range refs {
		if r := &refs[i]; !r.MayDiffer { // otherwise the time is not the vendor's
			a.clock.Saw(r.At.AsTime())
		}
	}
}

// targetHour is the hour under which a record observed in h is stored: h itself, or the
// current hour where h is sealed or implausible (the clock was not set, or was ahead).
func (a *Archive) targetHour(h Hour) Hour {
	current := max(HourOf(a.clock.Now()), a.lastSealed+1)
	if h <= a.lastSealed || h > current {
		return current
	}
	return h
}

// fileName is the same for the same versions of the same events, so that a batch that
// is written again replaces its file.
func fileName(refs []parquetfile.Ref) string {
	h := sha256.New()
	for i := range refs {
		_ = refs[i].WriteName(h) // a hash returns no error
	}
	return hex.EncodeToString(h.Sum(nil)[:16]) + layout.Extension
}
