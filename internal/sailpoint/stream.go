package sailpoint

import (
	"bytes"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// ParseStream reads documents from data, a part of a stream: one document or several,
// pretty-printed or not, on a line each, in arrays of any length, concatenated, or mixed.
// Brackets and commas between documents are separators.
//
// Damage costs the documents it is in and no other: the next document is found at the next
// object that is balanced and can be read, wherever it stands. What lies between two
// documents and is neither is one entry of Result.Rejected.
//
// offset is where data begins in the stream; it is added to the offsets of what is rejected.
// ParseStream returns how many bytes were read. The caller passes the rest once more, with
// what follows it. final: nothing follows, and all of data is read.
func (p *Parser) ParseStream(data []byte, offset int64, final bool, at pcommon.Timestamp, to *Result) (n int) {
	s := scanners.Get().(*scanner)
	defer scanners.Put(s)
	w := stream{Parser: p, data: data, offset: offset, at: at, to: to, damage: -1}
	i := 0
	for {
		found := bytes.IndexByte(data[i:], '{')
		if found < 0 {
			i = len(data)
			break
		}
		i += found
		if n := w.line(i); n > 0 {
			i += n
			continue
		}
		next, result := s.object(data, i)
		if result == isWhole {
			w.candidate(span{i, next})
			i = next
			continue
		}
		if result == isOpen && !final {
			break
		}
		if w.gap(i); w.damage < 0 {
			w.damage = i
		}
		for _, inner := range s.whole() {
			w.candidate(inner)
		}
		i = next
	}
	w.gap(i)
	if final {
		w.rejectDamage(len(data))
		return len(data)
	}
	if w.damage >= 0 {
		return w.damage
	}
	return i
}

var scanners = sync.Pool{New: func() any { return new(scanner) }}

// maxRefused bounds the objects of one call that are rejected each by itself. What follows
// them, up to the next document, is rejected as one: a few bytes of hostile text must not
// become a record each.
const maxRefused = 1000

// stream is the state of ParseStream.
type stream struct {
	*Parser
	data   []byte
	offset int64
	at     pcommon.Timestamp
	to     *Result

	refused int // whole objects that were rejected

	read   int // everything before is read
	damage int // where the damage begins that is followed by no document yet, -1: there is none
}

// gap notes damage between what was read and an offset.
func (w *stream) gap(to int) {
	if w.damage < 0 {
		if from := skipSeparators(w.data, w.read); from < to {
			w.damage = from
		}
	}
}

// line reads a document that is a line by itself, without looking for its end. It returns
// the line's length, or 0 where it is no such document.
func (w *stream) line(from int) int {
	if from > 0 && w.data[from-1] != '\n' {
		return 0
	}
	n := lineAt(w.data[from:])
	if n == 0 {
		return 0
	}
	if w.gap(from); w.damage >= 0 {
		return 0
	}
	mark := w.to.Mark()
	w.parse(w.data[from:from+n], w.offset+int64(from), w.at, w.to, 0, envelope{})
	if len(w.to.Rejected) > mark.Rejected {
		w.to.Back(mark)
		return 0
	}
	w.read = from + n
	return n
}

// candidate reads an object. Behind damage, an object that gives nothing belongs to
// the damage.
func (w *stream) candidate(o span) {
	w.gap(o.from)
	mark := w.to.Mark()
	w.parse(w.data[o.from:o.to], w.offset+int64(o.from), w.at, w.to, 0, envelope{})
	gave := len(w.to.Observations) > mark.Observations || len(w.to.Ignored) > mark.Ignored
	if !gave && w.damage < 0 && len(w.to.Rejected) > mark.Rejected {
		if w.refused++; w.refused > maxRefused {
			w.damage = o.from
		}
	}
	if w.damage >= 0 && !gave {
		w.to.Back(mark)
		return
	}
	w.rejectDamage(o.from)
	w.read = o.to
}

// rejectDamage rejects the damage, which ends at an offset.
func (w *stream) rejectDamage(end int) {
	if w.damage < 0 {
		return
	}
	damaged := bytes.TrimRight(w.data[w.damage:end], " \t\r\n,")
	w.parse(damaged, w.offset+int64(w.damage), w.at, w.to, 0, envelope{})
	w.read, w.damage = end, -1
}
