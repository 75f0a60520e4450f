package reconcile

import (
	"fmt"

	"github.com/provtrail/provtrail/provisioning/record"
)

// answer is the vendor's number of documents of an hour.
type answer struct {
	count  int64
	method string // empty: the vendor gave none
	reason string // why not by a simpler method
}

// listing is what reading an hour again gave.
type listing struct {
	listed  int64    // distinct documents that the vendor shows
	lacking int64    // of those, the ones that were not delivered nevertheless
	ids     []string // of the lacking ones, where they have one
	err     error    // why the listing is not whole
}

// finding is what a pass found about an hour.
type finding struct {
	answer
	verdict    record.Verdict
	missing    int64
	missingIDs []string
	reason     string
}

// agrees reports whether nothing more has to be asked: the vendor counts what was delivered.
func (a *answer) agrees(delivered *Summary) bool {
	return a.method != "" && a.count == delivered.Total()
}

// judge compares the vendor's answer, after the hour was read again, with what was
// delivered. again: the answer is that of the pass before.
func judge(a answer, l *listing, delivered *Summary, again bool) finding {
	total := delivered.Total()
	if l.err == nil && (a.method == "" || a.count < l.listed) {
		// What the vendor shows, it has.
		why := a.reason
		if a.method != "" {
			why = fmt.Sprintf("the vendor counts %d and shows %d", a.count, l.listed)
		}
		a = answer{count: l.listed, method: record.MethodIDs, reason: why}
	}
	f := finding{answer: a, missingIDs: l.ids}
	if len(f.missingIDs) > record.MaxMissingIDs {
		f.missingIDs = f.missingIDs[:record.MaxMissingIDs]
	}
	f.missing = max(l.lacking, a.count-total)
	switch {
	case a.method == "":
		f.verdict, f.missing = record.VerdictUnknown, l.lacking
		f.reason = fmt.Sprintf("no count: %s; no list: %v", a.reason, l.err)
	case l.err != nil && a.count > total:
		f.verdict = record.VerdictShort
		f.reason = fmt.Sprintf("%d are counted and were not delivered; reading the hour again failed: %v", f.missing, l.err)
	case l.lacking > 0:
		f.verdict = record.VerdictShort
		f.reason = fmt.Sprintf("%d are listed and could not be read", l.lacking)
	case a.count > total && again:
		f.verdict = record.VerdictHidden
		f.reason = fmt.Sprintf("%d are counted and not shown, as before: the list has %d", f.missing, l.listed)
	case a.count > total:
		f.verdict = record.VerdictShort
		f.reason = fmt.Sprintf("%d are counted and not shown: the list has %d; the vendor is asked again", f.missing, l.listed)
	case a.count < total:
		f.verdict = record.VerdictFewer
		f.reason = fmt.Sprintf("%d more were delivered than the vendor has", total-a.count)
		if l.err != nil {
			f.reason += fmt.Sprintf("; reading the hour again failed: %v", l.err)
		}
	default:
		f.verdict = record.VerdictAgreed
	}
	if a.method != "" {
		f.reason = join(f.reason, a.reason)
	}
	return f
}

func join(a, b string) string {
	switch {
	case a == "" || b == "":
		return a + b
	default:
		return a + "; " + b
	}
}
