package record

import (
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

// DescribeTimes sets the status of an activity and when it entered each.
func (r *Record) DescribeTimes(a *provisioning.Activity) {
	r.Status, r.StatusSince, r.FirstPendingAt, r.FirstRetryingAt = a.Status, a.StatusSince, a.FirstPendingAt, a.FirstRetryingAt
	r.FirstNotVerifiableAt = a.FirstNotVerifiableAt
	r.CommittedAt, r.FinishedAt, r.FirstFailedAt, r.FailedAt = a.CommittedAt, a.FinishedAt, a.FirstFailedAt, a.FailedAt
}

// Withdraw has the record of a state take back the transitions that an earlier state of the
// activity had in other hours: a document of another time came later. Counts by hour follow.
func (r *Record) Withdraw(earlier *Record) {
	var list []string
	for _, t := range []struct {
		status  provisioning.Status
		was, is pcommon.Timestamp
	}{
		{provisioning.StatusPending, earlier.FirstPendingAt, r.FirstPendingAt},
		{provisioning.StatusRetrying, earlier.FirstRetryingAt, r.FirstRetryingAt},
		{provisioning.StatusFailed, earlier.FirstFailedAt, r.FirstFailedAt},
		{provisioning.StatusCommitted, earlier.CommittedAt, r.CommittedAt},
		{provisioning.StatusSuccess, earlier.FinishedAt, r.FinishedAt},
		{provisioning.StatusNotVerifiable, earlier.FirstNotVerifiableAt, r.FirstNotVerifiableAt},
	} {
		was, is := t.was.AsTime().Truncate(time.Hour), t.is.AsTime().Truncate(time.Hour)
		if t.was != 0 && !was.Equal(is) {
			list = append(list, fmt.Sprintf("%s %d", t.status, was.Unix()))
		}
	}
	r.Withdrawn = strings.Join(list, ",")
}
