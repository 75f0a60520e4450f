package filefeed

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/delivery"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// parse adds the records of a token. base is its offset in the file; cut: the token is a
// part of a document that is longer than max_document_size.
func (t *tailer) parse(b *delivery.Batch, token []byte, base int64, cut bool) {
	at := pcommon.NewTimestampFromTime(time.Now())
	line := func(_ int, line []byte) bool {
		mark := b.Mark()
		t.set.Parser.Parse(line, at, &b.Result)
		if len(b.Rejected) == mark.Rejected {
			return true
		}
		b.Back(mark)
		return false
	}
	pieces(token, line, func(offset int, piece []byte) {
		rejected := len(b.Rejected)
		position := base + int64(offset)
		t.set.Parser.Parse(piece, at, &b.Result)
		if len(b.Rejected) == rejected {
			return
		}
		valid := json.Valid(piece)
		head, tail := piece, []byte(nil)
		if !valid {
			head, tail = salvage(piece)
		}
		if tail != nil {
			b.Rejected = b.Rejected[:rejected]
			t.set.Parser.Parse(head, at, &b.Result)
		}
		if cut && !valid {
			for i := range b.Rejected {
				b.Rejected[i].Reason = fmt.Sprintf("a piece of a document longer than max_document_size (%d bytes): %s",
					t.cfg.MaxDocumentSize, b.Rejected[i].Reason)
			}
		}
		b.QuarantineRejected(t.set.Parser, at, t.path, position)
		if tail != nil {
			t.parse(b, tail, position+int64(len(piece)-len(tail)), cut)
		}
	})
}
