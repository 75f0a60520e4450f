package filefeed

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/delivery"
)

// tailer reads one open file from its position to its end.
type tailer struct {
	*Feed
	openFile
}

// maxObservations bounds what is delivered at once; one document may exceed it. Each batch
// costs a few writes to the disk behind it, and is in memory several times on its way.
const maxObservations = 2048

var batches = sync.Pool{New: func() any { return new(delivery.Batch) }}

// tail delivers what follows the position, or with skip moves the position to the end.
func (t *tailer) tail(ctx context.Context, skip bool) error {
	size := t.file.info.Size()
	if err := t.checkPosition(ctx, size); err != nil {
		return err
	}
	last := time.Since(t.file.changed) >= t.cfg.IncompleteTimeout // nothing more comes
	if size == 0 {
		t.file.settled = last
		if !last {
			return nil
		}
		return t.quarantine(ctx, "the file is empty: ask its writer for its content")
	}
	packed, err := t.isGzip()
	if err != nil {
		return err
	}
	var content io.Reader = io.NewSectionReader(t.handle, t.file.Offset, size-t.file.Offset)
	if packed {
		content, err = t.unpack(size)
	}
	switch {
	case err != nil:
	case skip:
		var n int64
		if n, err = io.Copy(io.Discard, content); err == nil {
			t.file.settled = true
			return t.move(ctx, t.file.Offset+n, packed)
		}
	default:
		err = t.read(ctx, content, packed, last)
	}
	if err == nil || ctx.Err() != nil || !packed {
		return err
	}
	// The rest of a gzip file may follow, or the file may be replaced.
	if t.file.settled = last; !last {
		return nil
	}
	return t.quarantine(ctx, fmt.Sprintf("the gzip file is cut or damaged behind %d bytes of content: %v: replace it with the whole one", t.file.Offset, err))
}

// checkPosition sets the position to the beginning if the file is not the one, or not as
// long as the one, that the position is of.
func (t *tailer) checkPosition(ctx context.Context, size int64) error {
	if t.file.Size == 0 {
		return nil
	}
	digest, err := "", error(nil)
	if t.file.Size <= size {
		if digest, err = fingerprint(t.handle, t.file.Size, t.cfg.FingerprintSize); err != nil {
			return err
		}
	}
	if digest != t.file.Digest {
		t.checkpoint.move(ctx, t.file, position{})
	}
	return nil
}

func (t *tailer) isGzip() (bool, error) {
	if t.cfg.Compression != compressionAuto {
		return t.cfg.Compression == compressionGzip, nil
	}
	var magic [2]byte
	if _, err := t.handle.ReadAt(magic[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return bytes.Equal(magic[:], []byte{0x1f, 0x8b}), nil
}

// unpack returns the content behind the position.
func (t *tailer) unpack(size int64) (io.Reader, error) {
	content, err := gzip.NewReader(io.NewSectionReader(t.handle, 0, size))
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, content, t.file.Offset); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return content, nil
}

// read delivers the documents of the content. An unfinished last one is left for the next
// poll, unless this is the last.
func (t *tailer) read(ctx context.Context, content io.Reader, packed, last bool) error {
	consumed, rest, cut := t.file.Offset, false, false
	source := &source{Reader: content}
	documents := bufio.NewScanner(source)
	documents.Buffer(make([]byte, 0, min(t.cfg.MaxDocumentSize, 64<<10)), t.cfg.MaxDocumentSize)
	documents.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if len(data) == 0 {
			return 0, nil, nil
		}
		n, token := split(data)
		cut = n == 0 && len(data) >= t.cfg.MaxDocumentSize
		switch {
		case cut || n == 0 && atEOF && last && !source.failed:
			n, token = len(data), data
		case n == 0 && atEOF && skip(data, 0) == len(data):
			n = len(data)
		}
		consumed += int64(n)
		rest = n < len(data)
		return n, token, nil
	})
	b := batches.Get().(*delivery.Batch)
	defer batches.Put(b)
	b.Reset()
	deliver := func() error {
		if err := t.set.Delivery.Deliver(ctx, b); err != nil {
			return err
		}
		b.Reset()
		return t.move(ctx, consumed, packed)
	}
	for documents.Scan() {
		token := documents.Bytes()
		t.parse(b, token, consumed-int64(len(token)), cut)
		if b.Len() >= maxObservations {
			if err := deliver(); err != nil {
				return err
			}
		}
	}
	if err := deliver(); err != nil {
		return err
	}
	t.file.settled = !rest && documents.Err() == nil
	return documents.Err()
}

// source remembers that reading failed: what it gave then is not the end of the content.
type source struct {
	io.Reader
	failed bool
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.failed = s.failed || err != nil && !errors.Is(err, io.EOF)
	return n, err
}

// move moves the position. Of a gzip file, whose content has other offsets, the digest
// covers all.
func (t *tailer) move(ctx context.Context, offset int64, packed bool) error {
	p := position{Offset: offset, Size: offset}
	if packed {
		p.Size = t.file.info.Size()
	}
	var err error
	if p.Digest, err = fingerprint(t.handle, p.Size, t.cfg.FingerprintSize); err != nil {
		return err
	}
	t.checkpoint.move(ctx, t.file, p)
	return nil
}

// quarantine delivers a record of the file as a whole. It has the same id after a restart.
func (t *tailer) quarantine(ctx context.Context, reason string) error {
	return t.set.Delivery.Deliver(ctx, &delivery.Batch{Quarantined: []record.Quarantined{{
		Tenant: t.set.Parser.Tenant, Feed: t.set.Parser.Feed, File: t.path, Reason: reason,
		ObservedAt: pcommon.NewTimestampFromTime(time.Now()),
	}}})
}
