package provisioninglokiexporter

import (
	"net/http"
	"strings"
)

// What became of a request, for the metrics.
const (
	outcomeAccepted = "accepted"
	outcomeRefused  = "refused"
	outcomeFailed   = "failed"
)

// reasons maps words of Loki's answer to a reason; the first that fits counts.
var reasons = []struct{ word, reason string }{
	{"too far behind", "too_old"},
	{"timestamp too old", "too_old"},
	{"out of order", "too_old"},
	{"too new", "too_new"},
	{"line too long", "too_long"},
	{"max entry size", "too_long"},
	{"structured metadata", "metadata"},
	{"label", "labels"},
}

// reasonOf is the kind of refusal, for the metric and the quarantine file.
func reasonOf(r *refusal) string {
	if r.code == http.StatusRequestEntityTooLarge {
		return "too_large"
	}
	answer := strings.ToLower(r.answer)
	for _, known := range reasons {
		if strings.Contains(answer, known.word) {
			return known.reason
		}
	}
	return "other"
}
