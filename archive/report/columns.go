package report

import (
	"slices"

	"github.com/provtrail/provtrail/provisioning/record"
)

// The columns of the sheets where no others are chosen. A name is beside its id, and timed
// beside occurred_at: where it is false, the vendor gave no time.

// activityColumns are those of the Activities page.
var activityColumns = []string{
	"tenant", "group_number", "group_id", "group_status", "status", "outcome", "kind", "operation", "cause", "source_name", "source_id",
	"account_id", "attribute_name", "attribute_value", "identity_name", "identity_id", "requested_item_name", "requested_item_type",
	"requester_name", "requester_id", "requester_comment", "approver_name", "approval_status", "reviewer_comment",
	"error_category", "error_signature", "error_message", "warnings", "attempts", "requested_at", "occurred_at", "timed", "observed_at",
	"committed_at", "finished_at", "failed_at", "remove_at", "stalled", "overdue", "ticket_id", "client_metadata", "activity_id",
}

var historyColumns = []string{
	"activity_id", "occurred_at", "timed", "observed_at", "record_type", "feed", "raw_status", "reported_status", "previous_status",
	"status", "outcome", "odd", "attempts", "error_category", "error_message", "approver_name", "approval_status", "reviewer_comment",
	"tenant", "group_number", "group_id", "identity_name", "identity_id", "requester_name", "requester_id", "source_name", "source_id",
	"account_id", "operation", "attribute_name", "attribute_value", "state_seq", "event_id",
}

var passwordColumns = []string{
	"tenant", "group_number", "group_id", "identity_name", "identity_id", "source_name", "source_id", "account_id", "status", "failed_on",
	"attempts", "requester_name", "requester_id", "requested_at", "occurred_at", "timed", "observed_at", "finished_at", "failed_at",
	"error_message", "activity_id",
}

var summaryColumns = []string{"source_name", "operation", "status", "activities"}

// Columns lists the columns of activities, history or passwords as they are written
// where no others are chosen.
func Columns(sheet string) []string {
	return slices.Clone(map[string][]string{"activities": activityColumns, "history": historyColumns, "passwords": passwordColumns}[sheet])
}

// isCount reports whether the cells of a column are numbers that may be added up. Others,
// numbers of groups among them, are text, so that a spreadsheet changes none.
func isCount(column string) bool {
	f := record.Activities.Column(column)
	if f == nil {
		return slices.Contains([]string{"activities", "files", "rows", "expired_files", "absent_files", "lost_files", "damaged_files", "quarantined", "gap_seconds"}, column)
	}
	return f.Value == record.ValueInt && column != "group_number"
}
