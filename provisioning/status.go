package provisioning

import "fmt"

// Status is one of the six states of an activity. The zero value means that
// nothing known was reported yet. The order of the constants is the order of
// lifecycle progress, which breaks ties between observations of the same time.
type Status uint8

const (
	StatusUnset         Status = iota // no known word was reported yet
	StatusPending                     // being processed by the source
	StatusRetrying                    // failed once, being sent again
	StatusCommitted                   // performed on the source, not yet verified
	StatusFailed                      // not made on the source
	StatusNotVerifiable               // performed, and the source cannot be asked
	StatusSuccess                     // seen on the source
	StatusCount                       // the number of statuses, the unset one included
)

var statusNames = [StatusCount]string{"", "Pending", "Retrying", "Committed", "Failed", "Not Verifiable", "Success"}

// Statuses lists the six statuses from the worst to the best: a group has the
// first of them that any of its activities has.
var Statuses = [...]Status{
	StatusFailed, StatusRetrying, StatusPending, StatusNotVerifiable, StatusCommitted, StatusSuccess,
}

// String returns the status as people write it; the unset status is empty.
func (s Status) String() string {
	if s >= StatusCount {
		return fmt.Sprintf("Status(%d)", uint8(s))
	}
	return statusNames[s]
}

// ParseStatus reads what String writes.
func ParseStatus(text string) (Status, error) {
	for s, name := range statusNames {
		if name == text {
			return Status(s), nil
		}
	}
	return StatusUnset, fmt.Errorf("status %q is not one of the six", text)
}

// Open reports whether an activity in this status is still on its way.
func (s Status) Open() bool { return s == StatusPending || s == StatusRetrying }

type transition struct {
	to  Status
	odd bool // contradicts what is known: flagged and counted, never hidden
}

// transitions[was][reported] is the whole state machine of an activity.
var transitions = func() (t [StatusCount][StatusCount]transition) {
	for was := range StatusCount {
		t[was][StatusUnset] = transition{to: was}
		for reported := StatusPending; reported < StatusCount; reported++ {
			t[was][reported] = transition{to: reported}
		}
	}
	t[StatusRetrying][StatusPending] = transition{to: StatusRetrying}
	t[StatusFailed][StatusPending] = transition{to: StatusRetrying}

	t[StatusCommitted][StatusPending] = transition{StatusCommitted, true}
	t[StatusCommitted][StatusRetrying] = transition{StatusRetrying, true}

	t[StatusNotVerifiable][StatusPending] = transition{StatusNotVerifiable, true}
	t[StatusNotVerifiable][StatusRetrying] = transition{StatusRetrying, true}
	t[StatusNotVerifiable][StatusCommitted] = transition{to: StatusNotVerifiable}
	t[StatusNotVerifiable][StatusFailed] = transition{StatusFailed, true}

	t[StatusSuccess][StatusPending] = transition{StatusSuccess, true}
	t[StatusSuccess][StatusRetrying] = transition{StatusRetrying, true}
	t[StatusSuccess][StatusCommitted] = transition{to: StatusSuccess}
	t[StatusSuccess][StatusFailed] = transition{StatusFailed, true}
	t[StatusSuccess][StatusNotVerifiable] = transition{to: StatusSuccess}
	return t
}()

// Next is one step of an activity: it was in one status, an observation reports
// another. An observation without a vendor's time may only advance the
// lifecycle, so where it contradicts, it changes nothing and is odd.
func (s Status) Next(reported Status, timed bool) (next Status, odd bool) {
	t := transitions[s][reported]
	if timed {
		return t.to, t.odd
	}
	performed := s == StatusCommitted || s == StatusSuccess || s == StatusNotVerifiable
	if t.odd || (performed && reported == StatusFailed) {
		return s, true
	}
	return t.to, false
}
