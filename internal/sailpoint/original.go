package sailpoint

// maxOriginal bounds, in bytes, what each observation of a document repeats: a
// larger document gives its element instead, a larger element its attribute
// request, a larger attribute request the value, so that a document of a thousand
// items does not grow a thousandfold.
const maxOriginal = 64 << 10

// originals finds the verbatim JSON of each observation.
type originals struct {
	whole    string
	elements []raw // set where the whole is too large
	element  int   // whose attribute requests are in requests
	requests []raw
}

func (r *reader) originals() originals {
	o := originals{whole: r.text}
	if len(r.text) <= maxOriginal {
		return o
	}
	var parts struct {
		Items    []raw `json:"items"`
		Accounts []raw `json:"accountRequests"`
		Original []raw `json:"originalRequests"`
	}
	if decode(r.text, &parts) != nil {
		return o
	}
	switch {
	case len(parts.Items) > 0:
		o.elements = parts.Items
	case len(parts.Accounts) > 0:
		o.elements = parts.Accounts
	default:
		o.elements = parts.Original
	}
	return o
}

// of returns the verbatim JSON of a value of attribute request a (-1: none) of
// element i, from the widest that is small enough to the narrowest.
func (o *originals) of(i, a int, value raw) string {
	if i >= len(o.elements) {
		return o.whole
	}
	narrow := o.elements[i]
	if len(narrow) > maxOriginal && a >= 0 {
		if requests := o.requestsOf(i); a < len(requests) {
			narrow = requests[a]
		}
	}
	if len(narrow) > maxOriginal && len(value) > 0 {
		narrow = value
	}
	return string(narrow)
}

// requestsOf is element i's attribute requests, read once.
func (o *originals) requestsOf(i int) []raw {
	if o.requests == nil || o.element != i {
		var parts struct {
			Attributes []raw `json:"attributeRequests"`
		}
		_ = decode(string(o.elements[i]), &parts) // it was read before
		o.element, o.requests = i, append([]raw{}, parts.Attributes...)
	}
	return o.requests
}
