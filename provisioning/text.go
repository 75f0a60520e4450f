package provisioning

// Text returns the text a Field's Of points to, "" for what is no text.
func Text(value any) string {
	switch p := value.(type) {
	case *string:
		return *p
	case *Feed:
		return string(*p)
	case *Dialect:
		return string(*p)
	case *Sort:
		return string(*p)
	case *Operation:
		return string(*p)
	case *Kind:
		return string(*p)
	case *FailedOn:
		return string(*p)
	}
	return ""
}

// SetText sets the text a Field's Of points to, and leaves alone what is no text.
func SetText(value any, text string) {
	switch p := value.(type) {
	case *string:
		*p = text
	case *Feed:
		*p = Feed(text)
	case *Dialect:
		*p = Dialect(text)
	case *Sort:
		*p = Sort(text)
	case *Operation:
		*p = Operation(text)
	case *Kind:
		*p = Kind(text)
	case *FailedOn:
		*p = FailedOn(text)
	}
}
