package filefeed

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"golang.org/x/text/transform"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/delivery"
)

// tailer reads one open file from its position to its end.
type tailer struct {
	*Feed
	openFile
	isMember bool // of a zip file: the position moves when the whole file was read
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
	packed, isZip, err := t.isPacked()
	if errors.Is(err, errUnreadGzip) {
		t.file.settled = true
		if skip {
			return t.move(ctx, size, true)
		}
		return t.quarantine(ctx, err.Error())
	}
	if err != nil {
		return err
	}
	var content io.Reader
	var isRaw, isCSV bool
	if !isZip {
		content, isRaw, isCSV, err = t.content(size, packed)
	}
	switch {
	case err != nil:
	case isZip || isCSV:
		err = t.readExport(ctx, isZip, skip, last)
	case skip:
		var n int64
		if n, err = io.Copy(io.Discard, content); err == nil {
			t.file.settled = true
			return t.move(ctx, t.file.Offset+n, isRaw)
		}
	default:
		err = t.read(ctx, content, t.file.Offset, isRaw, last)
	}
	if err == nil || ctx.Err() != nil || !packed && !isZip {
		return err
	}
	// The rest of a compressed file may follow, or the file may be replaced.
	if t.file.settled = last; !last {
		return nil
	}
	return t.quarantine(ctx, fmt.Sprintf("the compressed file is cut or damaged behind %d bytes of content: %v: replace it with the whole one", t.file.Offset, err))
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

var errUnreadGzip = errors.New("the file is compressed by gzip, which is not read: set `compression: auto` and restart, and it is read")

// isPacked returns errUnreadGzip where the setting does not say that files may be gzip.
func (t *tailer) isPacked() (isGzip, isZip bool, err error) {
	var magic [4]byte
	if _, err := t.handle.ReadAt(magic[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return false, false, err
	}
	isGzip = t.cfg.Compression == compressionGzip
	if !isGzip && bytes.HasPrefix(magic[:], []byte{0x1f, 0x8b}) {
		if isGzip = t.cfg.Compression == compressionAuto; !isGzip {
			return false, false, errUnreadGzip
		}
	}
	return isGzip, bytes.Equal(magic[:], []byte("PK\x03\x04")), nil
}

// content returns the content behind the position, or of a CSV export all of it, decompressed
// and in UTF-8. isRaw: it is the bytes of the file.
func (t *tailer) content(size int64, packed bool) (content io.Reader, isRaw, isCSV bool, err error) {
	content = io.NewSectionReader(t.handle, 0, size)
	if packed {
		if content, err = gzip.NewReader(content); err != nil {
			return nil, false, false, err
		}
	}
	content, isRaw, isCSV = t.decode(content)
	switch {
	case isCSV:
		return content, isRaw && !packed, true, nil
	case isRaw && !packed:
		return io.NewSectionReader(t.handle, t.file.Offset, size-t.file.Offset), true, false, nil
	}
	if _, err := io.CopyN(io.Discard, content, t.file.Offset); err != nil && !errors.Is(err, io.EOF) {
		return nil, false, false, err
	}
	return content, false, false, nil
}

// decode returns text in UTF-8. isRaw: it was.
func (t *tailer) decode(text io.Reader) (decoded io.Reader, isRaw, isCSV bool) {
	buffered := bufio.NewReader(text)
	head, _ := buffered.Peek(64) // an error comes once more with the next read
	if encoding := sailpoint.EncodingOf(head); encoding != nil {
		buffered = bufio.NewReader(transform.NewReader(buffered, encoding.NewDecoder()))
	} else {
		isRaw = true
	}
	head, _ = buffered.Peek(buffered.Size())
	return buffered, isRaw, sailpoint.IsCSV(head, t.cfg.Columns)
}

// minWindow is how much of a file is read at once, unless a document is longer.
const minWindow = 64 << 10

// read delivers the documents of the content. An unfinished last one is left for the next
// poll, unless this is the last.
func (t *tailer) read(ctx context.Context, content io.Reader, offset int64, isRaw, last bool) error {
	b := batches.Get().(*delivery.Batch)
	defer batches.Put(b)
	b.Reset()
	read, window := offset, minWindow
	deliver := func() error {
		if err := t.set.Delivery.Deliver(ctx, b); err != nil {
			return err
		}
		b.Reset()
		return t.move(ctx, read, isRaw)
	}
	var buffer []byte // what is not read yet
	for {
		var err error
		buffer, err = fill(content, buffer, min(max(window, minWindow), t.cfg.MaxDocumentSize))
		isEnd := errors.Is(err, io.EOF)
		done := t.parse(b, buffer, read, isEnd && last)
		if done == 0 && len(buffer) >= t.cfg.MaxDocumentSize {
			done = t.parseLong(b, buffer, read)
		}
		read += int64(done)
		buffer = buffer[:copy(buffer, buffer[done:])]
		window = 2 * len(buffer)
		if err != nil || b.Len() >= maxObservations {
			if err := deliver(); err != nil {
				return err
			}
		}
		if isEnd {
			t.file.settled = len(buffer) == 0
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// fill reads until the buffer has a length, or the content ends.
func fill(content io.Reader, buffer []byte, length int) ([]byte, error) {
	buffer = slices.Grow(buffer, max(length-len(buffer), 0))
	for len(buffer) < length {
		n, err := content.Read(buffer[len(buffer):length])
		buffer = buffer[:len(buffer)+n]
		if err != nil {
			return buffer, err
		}
	}
	return buffer, nil
}

// parse adds the records of data, which begins at an offset of the content, and returns how
// much of it was read.
func (t *tailer) parse(b *delivery.Batch, data []byte, offset int64, final bool) int {
	at := pcommon.NewTimestampFromTime(time.Now())
	n := t.set.Parser.ParseStream(data, offset, final, at, &b.Result)
	b.QuarantineRejected(t.set.Parser, at, t.path, 0)
	return n
}

// parseLong is parse for the beginning of a document that is longer than max_document_size.
func (t *tailer) parseLong(b *delivery.Batch, data []byte, offset int64) int {
	before := len(b.Quarantined)
	n := t.parse(b, data, offset, true)
	end := offset + int64(len(bytes.TrimRight(data, " \t\r\n,")))
	for i := range b.Quarantined[before:] {
		if q := &b.Quarantined[before+i]; q.Position+q.Size == end {
			q.Reason = fmt.Sprintf("a piece of a document longer than max_document_size (%d bytes): %s", t.cfg.MaxDocumentSize, q.Reason)
		}
	}
	return n
}

// move moves the position. Where the content is not the bytes of the file, its offsets are
// others, and the digest covers the whole file.
func (t *tailer) move(ctx context.Context, offset int64, isRaw bool) error {
	if t.isMember {
		return nil
	}
	p := position{Offset: offset, Size: offset}
	if !isRaw {
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
