package errorclass

import (
	"encoding/json"
	"strings"
)

// messageKeys are where JSON bodies of connectors and APIs have their words, the most
// telling first.
var messageKeys = []string{"detail", "message", "error_description", "errorSummary", "Message", "errorMessage", "errorCode", "code", "reason", "error"}

// unwrapJSON puts the messages of a JSON body in the place of the body. A text without
// one, or with one that has none of the known keys, is returned as it is.
func unwrapJSON(text string) string {
	begin := strings.IndexByte(text, '{')
	if begin < 0 {
		return text
	}
	decoder := json.NewDecoder(strings.NewReader(text[begin:]))
	decoder.UseNumber()
	var body any
	if decoder.Decode(&body) != nil {
		return text
	}
	words := messages(body, nil, 0)
	if len(words) == 0 {
		return text
	}
	return text[:begin] + strings.Join(words, " ") + text[begin+int(decoder.InputOffset()):]
}

func messages(body any, to []string, depth int) []string {
	if depth > 4 {
		return to
	}
	switch b := body.(type) {
	case map[string]any:
		for _, key := range messageKeys {
			switch v := b[key].(type) {
			case string:
				to = append(to, v)
			case json.Number:
				to = append(to, "error code "+v.String())
			}
		}
		for _, key := range []string{"error", "errors", "fault", "response"} {
			to = messages(b[key], to, depth+1)
		}
	case []any:
		for _, v := range b {
			to = messages(v, to, depth+1)
		}
	}
	return to
}
