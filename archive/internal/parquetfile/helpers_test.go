package parquetfile

import (
	"errors"
	"io"

	"github.com/provtrail/provtrail/internal/archivetest"
	"github.com/provtrail/provtrail/provisioning/record"
)

var (
	noon    = archivetest.Noon
	id      = archivetest.ID
	row     = archivetest.Row
	records = archivetest.Rows
)

func leaf(r *record.Record) [32]byte { return (&LeafHasher[record.Record]{Table: Activities}).Leaf(r) }

func writeTo(to io.Writer, rows []*record.Record) error {
	w := NewWriter(Activities, to)
	return errors.Join(w.WriteRows(rows), w.Close())
}
