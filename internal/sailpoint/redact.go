package sailpoint

import (
	"slices"
	"strings"
	"sync"
)

// Redact replaces the secret values in JSON text, which may be broken or cut off,
// by [Redacted] and leaves every other byte as it is. Secret is the value of a
// member with a secret's name ("password": ...), and the value beside a name that
// is a secret's ("name": "password", "value": ...); null, true and false are kept.
// JSON inside strings is redacted too, and what plain text assigns to a secret's name.
// NUL bytes go: between them, as UTF-16 has them, a name would not be seen.
func Redact(text string) string { return (*Redactor)(nil).Redact(text) }

// Redact is like the function, and also hides the values of the added names.
func (secrets *Redactor) Redact(text string) string {
	if strings.IndexByte(text, 0) >= 0 {
		text = strings.ReplaceAll(text, "\x00", "")
	}
	out, _ := secrets.redact(text, lenient)
	return secrets.quoted(out)
}

type strictness bool

const (
	lenient strictness = false // broken text: what may be a secret is one
	strict  strictness = true  // a document that is going to be read
)

// maxDepth bounds nesting. What lies deeper is cut off (lenient) or refused.
const maxDepth = 512

// span is a piece of the text.
type span struct{ from, to int }

// frame is an open object or array.
type frame struct {
	key    string // of the member being read
	from   int
	values int  // where its values beside a name begin in redaction.values
	secret bool // the member whose value this is has a secret's name
	valued bool // the member is the value beside a name
	object bool
	named  bool // a name was seen beside the values
	hides  bool // ... and it is a secret's
}

type redaction struct {
	secrets *Redactor
	text    string
	mode    strictness
	frames  []frame
	values  []span // values beside a name, of all open objects
	edits   []edit
}

var redactions = sync.Pool{New: func() any { return new(redaction) }}

type edit struct {
	span
	with string
}

func (secrets *Redactor) redact(text string, mode strictness) (string, error) {
	if mode == strict && secrets.hasNoSecrets(text) {
		return secrets.plain(text), nil
	}
	r := redactions.Get().(*redaction)
	defer redactions.Put(r)
	r.secrets, r.text, r.mode = secrets, text, mode
	r.frames, r.values, r.edits = append(r.frames[:0], frame{}), r.values[:0], r.edits[:0]
	end, err := r.scan()
	if err != nil {
		return "", err
	}
	for len(r.frames) > 1 {
		r.close(end)
	}
	if end < len(text) {
		r.edits = append(r.edits, edit{span{end, len(text)}, ""})
	}
	return secrets.plain(r.apply()), nil
}

// scan walks the tokens of the text, whatever their order; it returns where it
// stopped.
func (r *redaction) scan() (end int, err error) {
	text := r.text
	for i := 0; i < len(text); {
		switch c := text[i]; c {
		case ' ', '\t', '\r', '\n', ':':
			i++
		case ',':
			r.top().key = ""
			i++
		case '{', '[':
			if len(r.frames) > maxDepth {
				if r.mode == strict {
					return i, invalid("", "is nested deeper than %d", maxDepth)
				}
				return i, nil
			}
			f := r.member(span{i, i})
			r.frames = append(r.frames, frame{
				from: i, values: len(r.values), object: c == '{', secret: f.secret, valued: f.valued,
			})
			i++
		case '}', ']':
			i++
			if len(r.frames) > 1 {
				r.close(i)
			}
		case '"':
			i = r.str(i)
		default:
			from := i
			for i < len(text) && !delimits(text[i]) {
				i++
			}
			r.value(span{from, i})
		}
	}
	return len(text), nil
}

func (r *redaction) top() *frame { return &r.frames[len(r.frames)-1] }

// str reads a string that starts at from: a member's name or a value.
func (r *redaction) str(from int) int {
	text := r.text
	to := stringEnd(text, from)
	top := r.top()
	if top.object && top.key == "" {
		next := to
		for next < len(text) && blank(text[next]) {
			next++
		}
		if next < len(text) && text[next] == ':' {
			top.key = unquote(text[from:to])
			if top.key == "" {
				top.key = " " // an empty name is a name
			}
			return next + 1
		}
	}
	r.value(span{from, to})
	return to
}

// role is what a member's name makes of its value.
type role struct{ secret, valued bool }

// member returns the role of the value at s and forgets the name.
func (r *redaction) member(s span) role {
	top := r.top()
	if !top.object || top.key == "" {
		return role{}
	}
	key := top.key
	top.key = ""
	switch {
	case holdsName(key):
		if s.to > s.from && r.text[s.from] == '"' {
			top.named = true
			top.hides = top.hides || r.secrets.isSecret(unquote(r.text[s.from:s.to]))
		}
	case holdsValue(key):
		return role{valued: true}
	}
	return role{secret: r.secrets.isSecret(key)}
}

// holdsValue reports whether a member of this name holds the value beside a name.
func holdsValue(member string) bool {
	switch member {
	case "value", "attributeValue", "oldValue", "newValue", "previousValue", "values":
		return true
	}
	return false
}

// value handles a scalar.
func (r *redaction) value(s span) {
	role := r.member(s)
	switch {
	case r.constant(s):
	case role.secret:
		r.hide(s)
	case role.valued:
		r.values = append(r.values, s)
	}
	if !role.secret && r.text[s.from] == '"' {
		r.inner(s)
	}
}

// close ends the innermost object or array.
func (r *redaction) close(to int) {
	f := r.top()
	r.frames = r.frames[:len(r.frames)-1]
	values := r.values[f.values:]
	r.values = r.values[:f.values]
	whole := span{f.from, to}
	torn := r.mode == lenient && to == len(r.text) && r.text[to-1] != '}'
	if f.hides || torn && !f.named {
		for _, v := range values {
			r.hide(v)
		}
	}
	if f.secret {
		r.hide(whole)
	}
	if f.valued {
		r.values = append(r.values, whole)
	}
}

// inner redacts JSON that stands in a string.
func (r *redaction) inner(s span) {
	body := r.text[s.from+1 : max(s.to-1, s.from+1)]
	if len(body) < 2 || body[0] != '{' && body[0] != '[' || !strings.Contains(body, `\"`) {
		return
	}
	plain := unquote(r.text[s.from:s.to])
	clean, err := r.secrets.redact(plain, lenient)
	if err == nil && clean != plain {
		r.edits = append(r.edits, edit{s, quote(clean)})
	}
}

func (r *redaction) constant(s span) bool {
	switch r.text[s.from:s.to] {
	case "null", "true", "false":
		return true
	}
	return false
}

func (r *redaction) hide(s span) { r.edits = append(r.edits, edit{s, `"` + Redacted + `"`}) }

func (r *redaction) apply() string {
	if len(r.edits) == 0 {
		return r.text
	}
	// The outer of two that overlap first.
	slices.SortStableFunc(r.edits, func(a, b edit) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	var out strings.Builder
	out.Grow(len(r.text))
	at := 0
	for _, e := range r.edits {
		if e.from < at {
			continue
		}
		out.WriteString(r.text[at:e.from])
		out.WriteString(e.with)
		at = e.to
	}
	out.WriteString(r.text[at:])
	return out.String()
}
