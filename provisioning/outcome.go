package provisioning

// Outcome says why an activity is Failed: something went wrong, or somebody decided
// against it. A decision is no failure in any rate, alert or list of errors.
type Outcome string

const (
	OutcomeFault    Outcome = "fault"
	OutcomeDeclined Outcome = "declined" // rejected, returned, expired, canceled or closed
)

// decided is what an observation reports, given the approval that is known: a change that
// was declined will not be made, whatever is reported of its progress. What was reported as
// made was made.
func decided(reported Status, approval Approval) Status {
	if !approval.Declined() {
		return reported
	}
	switch reported {
	case StatusUnset, StatusPending, StatusRetrying:
		return StatusFailed
	default:
		return reported
	}
}

func outcomeOf(status Status, approval Approval) Outcome {
	switch {
	case status != StatusFailed:
		return ""
	case approval.Declined():
		return OutcomeDeclined
	default:
		return OutcomeFault
	}
}
