package webhookfeed

import (
	"encoding/json"
	"net/http"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/delivery"
)

// answer is what a request is answered with.
type answer struct {
	status int
	text   string // empty for 200; JSON where documents were refused
}

func write(w http.ResponseWriter, a answer) {
	switch a.status {
	case http.StatusOK:
		w.WriteHeader(a.status)
		return
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	}
	if a.text == "" || a.text[0] != '{' {
		http.Error(w, a.text, a.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.text)) // the client may be gone
}

// result is what became of a body, for its sender. It repeats nothing of the body.
type result struct {
	Stored  int       `json:"stored"`  // observations
	Ignored int       `json:"ignored"` // documents that are no change of access
	Refused int       `json:"refused"` // pieces that could not be read; they are in the quarantine
	Pieces  []refusal `json:"pieces"`  // the first of them
}

type refusal struct {
	Position int64  `json:"position"` // byte in the decoded body
	Size     int64  `json:"size"`     // bytes
	Field    string `json:"field,omitempty"`
	Reason   string `json:"reason"`
}

// maxPieces bounds an answer.
const maxPieces = 100

func resultOf(b *delivery.Batch) result {
	r := result{Stored: len(b.Observations), Ignored: len(b.Ignored), Refused: len(b.Quarantined)}
	for _, q := range b.Quarantined[:min(len(b.Quarantined), maxPieces)] {
		r.Pieces = append(r.Pieces, refusal{Position: q.Position, Size: q.Size, Field: q.Field, Reason: q.Reason})
	}
	return r
}

// answer is 200 where nothing was refused, 400 where nothing else was found.
func (r result) answer() answer {
	if r.Refused == 0 {
		return answer{status: http.StatusOK}
	}
	status := http.StatusMultiStatus
	if r.Stored+r.Ignored == 0 {
		status = http.StatusBadRequest
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // the type can be written
	}
	return answer{status, string(text)}
}
