package sailpoint

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

// Parser turns documents into observations. Its fields are settings; it holds no
// state and may be used by several goroutines.
type Parser struct {
	Tenant string
	Feed   provisioning.Feed
	// PassedStatus is what a trigger's SUCCESS and an event's PASSED say:
	// StatusCommitted (the zero value means it too), or StatusSuccess for tenants
	// that run without a feed that verifies.
	PassedStatus provisioning.Status
	// Secrets hides secrets; nil hides those of the names that are known.
	Secrets *Redactor
}

// Result collects what documents gave. Reset it to use its memory again.
type Result struct {
	Observations []provisioning.Observation
	Ignored      []Ignored
	Rejected     []Rejected
	Unreadable   []Unreadable
}

// Unreadable is a field of a document that was read without it.
type Unreadable struct {
	Field   string // path in the document
	Value   string // its first characters
	Problem string
}

// Reset empties the result and keeps its memory.
func (r *Result) Reset() {
	clear(r.Observations)
	r.Observations, r.Ignored, r.Rejected, r.Unreadable = r.Observations[:0], r.Ignored[:0], r.Rejected[:0], r.Unreadable[:0]
}

// Mark is how far a result had come.
type Mark struct{ Observations, Ignored, Rejected, Unreadable int }

// Mark returns how far the result has come.
func (r *Result) Mark() Mark {
	return Mark{len(r.Observations), len(r.Ignored), len(r.Rejected), len(r.Unreadable)}
}

// Back forgets what was added since the mark.
func (r *Result) Back(to Mark) {
	r.Observations, r.Ignored, r.Rejected = r.Observations[:to.Observations], r.Ignored[:to.Ignored], r.Rejected[:to.Rejected]
	r.Unreadable = r.Unreadable[:to.Unreadable]
}

// Ignored is a document that was understood and is no change of access.
type Ignored struct {
	Reason string // one of a short list, fit for a metric
	Name   string // the vendor's name of it
}

// Reasons of Ignored.
const (
	ReasonNoChange   = "no change of access"
	ReasonNoRequests = "no items or account requests"
	// ReasonOtherTrigger: a subscription sends what is no report of provisioning.
	ReasonOtherTrigger = "another trigger"
	// ReasonTest: the vendor's "Test Subscription" sent an invented example.
	ReasonTest = "test invocation"
)

// Rejected is a document that was not understood.
type Rejected struct {
	Offset   int64  // of the document in the data, bytes
	Size     int64  // of the whole document, bytes
	Field    string // the field that was wrong, where known
	Reason   string // what is wrong, for people
	Original string // the document's first maxRejected bytes, secrets redacted

	Identity // where it can be read
}

// maxRejected bounds the text kept of a rejected document.
const maxRejected = 64 << 10

// maxNesting bounds arrays and envelopes around documents.
const maxNesting = 16

// Parse reads one JSON value (a document, an array of documents, a search
// response) and appends what it gives. at is when the data was received. The
// data is not kept.
func (p *Parser) Parse(data []byte, at pcommon.Timestamp, to *Result) {
	p.parse(data, 0, at, to, 0, envelope{})
}

func (p *Parser) parse(data []byte, offset int64, at pcommon.Timestamp, to *Result, depth int, env envelope) {
	trimmed := bytes.TrimLeft(data, "\ufeff \t\r\n")
	offset += int64(len(data) - len(trimmed))
	data = bytes.TrimRight(trimmed, " \t\r\n")
	if depth > maxNesting {
		p.reject(to, data, offset, invalid("", "documents are wrapped more than %d deep", maxNesting))
		return
	}
	if len(data) > 0 && data[0] == '[' {
		p.array(data, offset, at, to, depth, env)
		return
	}
	inner, env, err := p.document(data, at, to, env)
	switch {
	case err != nil:
		p.reject(to, data, offset, err)
	case inner != nil:
		p.parse(inner, offset+int64(max(bytes.Index(data, inner), 0)), at, to, depth+1, env)
	}
}

// array reads each element by itself, so that one that is wrong spoils no other.
func (p *Parser) array(data []byte, offset int64, at pcommon.Timestamp, to *Result, depth int, env envelope) {
	var elements []raw
	if err := decode(string(data), &elements); err != nil {
		p.reject(to, data, offset, err)
		return
	}
	from := 0
	for i, element := range elements {
		from += max(bytes.Index(data[from:], element), 0)
		before := len(to.Rejected)
		p.parse(element, offset+int64(from), at, to, depth+1, env)
		for j := range to.Rejected[before:] {
			r := &to.Rejected[before+j]
			if r.Field != "" {
				r.Field = "[" + strconv.Itoa(i) + "]." + r.Field
			}
		}
		from += len(element)
	}
}

// documents are large, and nothing of them is kept: what is kept points into the text.
var documents = sync.Pool{New: func() any { return new(document) }}

// document reads one object, or returns the JSON that it only wraps.
func (p *Parser) document(data []byte, at pcommon.Timestamp, to *Result, env envelope) (inner []byte, within envelope, err error) {
	if !utf8.Valid(data) {
		return nil, env, invalid("", "is not valid UTF-8 (first at byte %d)", firstInvalid(data))
	}
	if len(data) == 0 || data[0] != '{' {
		return nil, env, invalid("", "is no JSON object or array")
	}
	text, err := p.Secrets.redact(string(data), strict)
	if err != nil {
		return nil, env, err
	}
	d := documents.Get().(*document)
	defer documents.Put(d)
	*d = document{}
	if err := decode(text, d); err != nil {
		return nil, env, err
	}
	env = env.within(d)
	if env.test {
		to.Ignored = append(to.Ignored, Ignored{Reason: ReasonTest, Name: cmp.Or(env.trigger, postProvisioning)})
		return nil, env, nil
	}
	r := reader{Parser: p, text: text, doc: d, at: at, env: env, to: to}
	switch shapeOf(d) {
	case shapeREST:
		err = r.rest()
	case shapeSearch:
		err = r.search()
	case shapeTrigger:
		err = r.trigger()
	case shapeEvent:
		err = r.event()
	default:
		if inner = d.inner(); inner != nil {
			return inner, env, nil
		}
		if trigger := env.otherTrigger(d); trigger != "" {
			to.Ignored = append(to.Ignored, Ignored{Reason: ReasonOtherTrigger, Name: trigger})
			return nil, env, nil
		}
		err = invalid("", "is none of the known documents: account activity (items), search account activity "+
			"(trackingNumber and accountRequests), event (technicalName or action), Provisioning Completed trigger")
	}
	return nil, env, err
}

func (p *Parser) reject(to *Result, data []byte, offset int64, err error) {
	rejected := Rejected{Offset: offset, Size: int64(len(data)), Reason: err.Error(), Original: p.Secrets.Redact(Head(data, maxRejected)), Identity: Identify(data)}
	if f, ok := err.(*FieldError); ok { //nolint:errorlint // made by this package, never wrapped
		rejected.Field = f.Field
	}
	to.Rejected = append(to.Rejected, rejected)
}

// Head is the text of at most limit bytes of data, cut between runes; bytes that
// are no UTF-8 become U+FFFD.
func Head(data []byte, limit int) string {
	if len(data) > limit {
		data = data[:limit]
		for range utf8.UTFMax {
			if r, size := utf8.DecodeLastRune(data); r != utf8.RuneError || size != 1 {
				break
			}
			data = data[:len(data)-1]
		}
	}
	return string(bytes.ToValidUTF8(data, []byte("\ufffd")))
}

func firstInvalid(data []byte) int {
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(data)
}

// FieldError names the field that made a document unreadable.
type FieldError struct {
	Field   string // path in the document, empty for the document itself
	Problem string
}

func (e *FieldError) Error() string {
	if e.Field == "" {
		return "the document " + e.Problem
	}
	return "field " + e.Field + " " + e.Problem
}

func invalid(field, format string, args ...any) *FieldError {
	return &FieldError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// explain turns a decoder's error into one that names the field or the place.
func explain(data []byte, into any, cause error) error {
	err := json.Unmarshal(data, into)
	switch e := err.(type) { //nolint:errorlint // encoding/json returns these unwrapped
	case *json.UnmarshalTypeError:
		return invalid(e.Field, "is %s, want %s", e.Value, kindOf(e))
	case *json.SyntaxError:
		return invalid("", "is broken JSON at byte %d: %s", e.Offset, e.Error())
	case nil:
		return invalid("", "cannot be read: %s", firstLine(cause.Error()))
	default:
		return invalid("", "cannot be read: %s", firstLine(err.Error()))
	}
}
