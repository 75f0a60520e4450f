package filefeed

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/delivery"
)

// readExport reads an export of the vendor's user interface, a CSV file or a zip file of
// some, when it changed; then all of it, for its rows have no positions of their own.
func (t *tailer) readExport(ctx context.Context, isZip, skip, last bool) error {
	size := t.file.info.Size()
	if t.file.Size == size {
		t.file.settled = true
		return nil
	}
	if !skip {
		var err error
		if isZip {
			err = t.readZip(ctx, size)
		} else {
			size, err = t.readCSVFile(ctx, size, last)
		}
		if err != nil {
			return err
		}
	}
	t.file.settled = size == t.file.info.Size()
	return t.move(ctx, size, true)
}

// readZip reads each file in a zip file.
func (t *tailer) readZip(ctx context.Context, size int64) error {
	members, err := zip.NewReader(t.handle, size)
	if err != nil {
		return err
	}
	for _, m := range members.File {
		if m.FileInfo().IsDir() {
			continue
		}
		if err := t.readMember(ctx, m); err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
	}
	return nil
}

func (t *tailer) readMember(ctx context.Context, m *zip.File) error {
	packed, err := m.Open()
	if err != nil {
		return err
	}
	defer packed.Close()
	member := *t
	member.path, member.isMember = t.path+"!"+m.Name, true
	content, _, isCSV := t.decode(packed)
	if isCSV {
		return member.readCSV(ctx, content)
	}
	return member.read(ctx, content, 0, false, true)
}

// readCSVFile reads a CSV file up to the end of its last line, or up to its end if nothing
// more comes. It returns how much it read.
func (t *tailer) readCSVFile(ctx context.Context, size int64, last bool) (int64, error) {
	packed, _, err := t.isPacked()
	if err != nil {
		return 0, err
	}
	if !last && !packed {
		tail := make([]byte, min(size, minWindow))
		if _, err := t.handle.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if sailpoint.EncodingOf(tail) == nil {
			size -= int64(len(tail) - 1 - bytes.LastIndexByte(tail, '\n'))
		}
	}
	content, _, _, err := t.content(size, packed)
	if err != nil || size == 0 {
		return size, err
	}
	return size, t.readCSV(ctx, content)
}

// readCSV delivers the rows of a CSV export.
func (t *tailer) readCSV(ctx context.Context, content io.Reader) error {
	rows, err := sailpoint.NewCSVReader(content, t.cfg.Columns)
	if columns, ok := errors.AsType[*sailpoint.ColumnsError](err); ok {
		return t.quarantine(ctx, columns.Error())
	}
	if err != nil {
		return err
	}
	b := batches.Get().(*delivery.Batch)
	defer batches.Put(b)
	b.Reset()
	at := pcommon.NewTimestampFromTime(time.Now())
	for {
		err := rows.Next(t.set.Parser, at, &b.Result)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err == nil && b.Len()+len(b.Rejected) < maxObservations {
			continue
		}
		b.QuarantineRejected(t.set.Parser, at, t.path, 0)
		if err := t.set.Delivery.Deliver(ctx, b); err != nil {
			return err
		}
		b.Reset()
		if err != nil {
			return nil
		}
	}
}
