package sailpoint

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/provtrail/provtrail/provisioning/record"
)

func seeds(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.json")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"id":"a","id":"b","items":[{"value":1e999999,"value":[null,[],{}]}]}`))
	f.Add([]byte(strings.Repeat(`{"a":[`, 700)))
	f.Add([]byte("\x00\xff\xfe\"\\"))
}

// FuzzParse: no input crashes, every document is accounted for, every observation
// can be written, and reading again gives the same.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		r, again := parse(data), parse(data)
		if !bytes.Equal(before, data) {
			t.Fatal("the input was changed")
		}
		empty := json.Valid(data) && len(r.Observations)+len(r.Ignored)+len(r.Rejected) == 0
		if empty && !bytes.Contains(data, []byte("[]")) && strings.Trim(string(data), " \t\r\n[]") != "" {
			t.Fatalf("%q was read as nothing", data)
		}
		for i := range r.Observations {
			o := &r.Observations[i]
			if o.GroupID == "" || o.EventID.IsZero() || o.EventID != again.Observations[i].EventID || o.OccurredAt > record.MaxTime {
				t.Fatalf("%+v", o)
			}
		}
		for _, x := range r.Rejected {
			if x.Reason == "" || x.Offset < 0 || x.Offset+x.Size > int64(len(data)) {
				t.Fatalf("%+v", x)
			}
		}
	})
}

// FuzzRedact: valid JSON stays valid, redacting twice changes nothing more, and a document
// that is going to be read loses what broken text would.
func FuzzRedact(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		out := Redact(string(data))
		if json.Valid(data) && len(data) < 1000 && !json.Valid([]byte(out)) {
			t.Fatalf("%q became %q", data, out)
		}
		if json.Valid(data) && Redact(out) != out {
			t.Fatalf("%q became %q became %q", data, out, Redact(out))
		}
		if document, err := (*Redactor)(nil).redact(string(data), strict); json.Valid(data) && err == nil && document != out {
			t.Fatalf("%q became %q, and as a document %q", data, out, document)
		}
	})
}
