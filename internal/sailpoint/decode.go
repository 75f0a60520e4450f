package sailpoint

import (
	"encoding/json"
	"reflect"
	"strings"

	"github.com/bytedance/sonic"
)

// raw is a JSON value as it stands in the document, for fields whose type the
// vendor leaves open.
type raw = sonic.NoCopyRawMessage

// decoder validates what it skips, so that broken JSON is never half read.
var decoder = sonic.Config{CaseSensitive: true, ValidateString: true}.Froze()

// decode reads text; the strings and raw values it gives point into it.
func decode(text string, into any) error {
	if err := decoder.UnmarshalFromString(text, into); err != nil {
		fresh := reflect.New(reflect.TypeOf(into).Elem()).Interface()
		return explain([]byte(text), fresh, err)
	}
	return nil
}

func kindOf(e *json.UnmarshalTypeError) string {
	switch e.Type.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "an array"
	case reflect.Struct:
		return "an object"
	default:
		return e.Type.String()
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// present reports whether a value is there and not null.
func present(v raw) bool { return len(v) > 0 && v[0] != 'n' }

// in names the member that an error of decode is in.
func in(member string, err error) error {
	if e, ok := err.(*FieldError); ok { //nolint:errorlint // made by this package, never wrapped
		return invalid(strings.TrimSuffix(member+"."+e.Field, "."), "%s", e.Problem)
	}
	return err
}

// text reads a scalar leniently: a string's content, a number or boolean as it is
// written, an object or array as JSON; null and absent are empty.
func text(v raw) string {
	switch {
	case !present(v):
		return ""
	case v[0] != '"':
		return string(v)
	}
	body := string(v[1 : len(v)-1])
	if strings.IndexByte(body, '\\') < 0 {
		return body
	}
	var s string
	if json.Unmarshal(v, &s) != nil {
		return body
	}
	return s
}

// elements returns the elements of an array, or the value itself where it is none;
// nothing for null or absent.
func elements(v raw) []raw {
	if !present(v) {
		return nil
	}
	if v[0] != '[' {
		return []raw{v}
	}
	var list []raw
	if decoder.Unmarshal(v, &list) != nil {
		return []raw{v}
	}
	return list
}

// joined is the texts of an array, or of a single value, as one line.
func joined(v raw) string {
	if !present(v) {
		return ""
	}
	if v[0] != '[' {
		return text(v)
	}
	list := elements(v)
	if len(list) == 1 {
		return text(list[0])
	}
	parts := make([]string, 0, len(list))
	for _, e := range list {
		if t := text(e); t != "" {
			parts = append(parts, t)
		}
	}
	return strings.Join(parts, "; ")
}
