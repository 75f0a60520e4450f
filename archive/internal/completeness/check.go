package completeness

import (
	"cmp"
	"context"
	"errors"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Check compares the documents in files with the newest statements in them. It reads the
// columns that name documents. Hours before first are left out; a feed that has statements
// about these alone has none.
func Check(ctx context.Context, s blobstore.Store, files []layout.DataFile, first layout.Hour) (*Result, error) {
	statements, err := Newest(ctx, s, files)
	if err != nil {
		return nil, err
	}
	if len(statements) == 0 {
		return &Result{NotShown: "no reconciliation"}, nil
	}
	c := &check{store: s, index: map[key]uint32{}}
	for i := range statements {
		if k := keyOf(&statements[i]); k.hour >= first {
			c.index[k] = uint32(len(c.statements))
			c.statements = append(c.statements, statements[i])
		}
	}
	held, err := c.read(ctx, files, first)
	if err != nil {
		return nil, err
	}
	r := conclude(c.statements, held)
	r.addSilent(statements, first)
	return r, nil
}

// read returns what is held of the statements' hours, see check.documents.
func (c *check) read(ctx context.Context, files []layout.DataFile, first layout.Hour) (_ []held, err error) {
	defer func() { err = errors.Join(err, c.documents.sorted.Close()) }()
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	c.ctx = reading
	for _, f := range files {
		group.Go(func() error {
			switch {
			case reading.Err() != nil:
				return reading.Err()
			case f.Hour < first-1: // received before the hours; a vendor's clock may be ahead
				return nil
			case f.Activities():
				return c.activities(f.Name)
			case f.Quarantine():
				return c.quarantine(f.Name)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return c.documents.count(2 * len(c.statements))
}

type check struct {
	ctx        context.Context //nolint:containedctx // of one call
	store      blobstore.Store
	statements []record.Reconciliation
	index      map[key]uint32 // of statements
	// documents has two keys for each statement: of the documents that were turned into
	// observations at the statement's index, and after all of these, of the quarantined ones.
	documents documents
}

// batch collects the documents of one file.
type batch struct {
	of    *check
	list  []document
	id    string // of the row before
	hash  uint64
	shift uint32
}

const batchDocuments = 4096

func (b *batch) add(k key, id string) error {
	at, ok := b.of.index[k]
	if !ok {
		return nil
	}
	if id != b.id {
		b.id, b.hash = id, record.DocumentHash(id)
	}
	doc := document{at + b.shift, b.hash}
	if n := len(b.list); n > 0 && b.list[n-1] == doc {
		return nil
	}
	if b.list = append(b.list, doc); len(b.list) < batchDocuments {
		return nil
	}
	return b.flush()
}

func (b *batch) flush() error {
	err := b.of.documents.add(b.list)
	b.list = b.list[:0]
	return err
}

func (c *check) activities(name string) error {
	b := batch{of: c}
	for r, err := range parquetfile.Rows(c.ctx, c.store, parquetfile.Activities, name, []string{"tenant", "record_type", "event_id", "feed", "vendor_id", "vendor_created_at"}, nil) {
		if err != nil {
			return err
		}
		id := record.DigestID(&r.Observation)
		if r.RecordType == record.TypeState || id == "" || r.VendorCreatedAt == 0 {
			continue
		}
		if err := b.add(key{r.Tenant, string(r.Feed), layout.HourAt(r.VendorCreatedAt)}, id); err != nil {
			return err
		}
	}
	return b.flush()
}

func (c *check) quarantine(name string) error {
	b := batch{of: c, shift: uint32(len(c.statements))}
	for q, err := range parquetfile.Rows(c.ctx, c.store, parquetfile.Quarantine, name, []string{"tenant", "event_id", "feed", "vendor_id", "vendor_created_at"}, nil) {
		if err != nil {
			return err
		}
		if q.VendorCreatedAt == 0 {
			continue
		}
		if err := b.add(key{q.Tenant, string(q.Feed), layout.HourAt(q.VendorCreatedAt)}, cmp.Or(q.VendorID, q.EventID.String())); err != nil {
			return err
		}
	}
	return b.flush()
}
