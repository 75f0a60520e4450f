package reconcile

import (
	"encoding/json"
	"slices"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Document is what is remembered of a document that was delivered.
type Document struct {
	Hour  Hour   // in which the vendor made it
	Hash  uint64 // record.DocumentHash of its id, or of its content where it has no id
	Class Class
}

// Class is what became of a document. It is stored, so a value keeps its meaning. Of two
// reports of one document the higher class holds: what was once observed is in the stores.
type Class uint8

// The classes below quarantined are those of ignored documents, by reason.
const (
	quarantined  Class = 64 + iota
	observedElse       // observed, and in the digest only by the ids of its observations
	observed           // observed, and in the digest by its id
	observation        // no document: the id of an observation, for the digest
)

// ignoredReasons are the reasons of the classes 1, 2, ...; class 0 is any other.
var ignoredReasons = []string{
	sailpoint.ReasonNoChange, sailpoint.ReasonNoRequests, sailpoint.ReasonOtherTrigger, sailpoint.ReasonTest,
}

// otherReason is the reason of class 0.
const otherReason = "other"

// Ignored is the class of documents that are no reports of provisioning.
func Ignored(reason string) Class { return Class(slices.Index(ignoredReasons, reason) + 1) }

// Quarantined is the class of documents that could not be understood.
func Quarantined() Class { return quarantined }

// Observed is the class of documents that were turned into observations. byID: the digest
// has the document's id; else it may have those of its observations.
func Observed(byID bool) Class {
	if byID {
		return observed
	}
	return observedElse
}

// Observation is the class of the ids of observations that a digest has.
func Observation() Class { return observation }

// Summary counts the distinct documents of an hour.
type Summary struct {
	classes [observation + 1]int64
	Digest  record.DocumentsDigest
}

// add counts a document of a class, which had another one if known.
func (s *Summary) add(hash uint64, class Class, known bool, was Class) {
	if known {
		s.classes[was]--
	}
	s.classes[class]++
	if class >= observed && (!known || was < observed) {
		s.Digest ^= record.DocumentsDigest(hash)
	}
}

// Observed counts the documents that were turned into observations.
func (s *Summary) Observed() int64 { return s.classes[observed] + s.classes[observedElse] }

// Quarantined counts the documents that could not be understood.
func (s *Summary) Quarantined() int64 { return s.classes[quarantined] }

// Ignored counts the documents that are no reports of provisioning.
func (s *Summary) Ignored() (n int64) {
	for _, of := range s.classes[:quarantined] {
		n += of
	}
	return n
}

// Total counts the documents that were delivered.
func (s *Summary) Total() int64 { return s.Observed() + s.Ignored() + s.Quarantined() }

// IgnoredReasons is a JSON object with the ignored documents by reason, or empty.
func (s *Summary) IgnoredReasons() string {
	reasons := map[string]int64{}
	for class, n := range s.classes[:quarantined] {
		if n == 0 {
			continue
		}
		reason := otherReason
		if class > 0 && class <= len(ignoredReasons) {
			reason = ignoredReasons[class-1]
		}
		reasons[reason] += n
	}
	if len(reasons) == 0 {
		return ""
	}
	text, _ := json.Marshal(reasons) // texts and numbers
	return string(text)
}
