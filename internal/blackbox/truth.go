package blackbox

import (
	"strconv"
	"strings"

	"github.com/provtrail/provtrail/internal/simulate/truth"
)

// ActivityFacts selects what [ActivityFact] gives of the newest row of each activity.
const ActivityFacts = `SELECT activity_id, concatWithSeparator('|', group_id, toString(group_number), status, outcome, kind, operation, cause,
	toString(attempts), failed_on, attribute_name, attribute_value, lower(account_id), identity_id,
	approver_name, approval_status, requested_item_name, requested_item_type, requester_comment, reviewer_comment, client_metadata, warnings)
	FROM activities`

// GroupFacts selects what [GroupFact] gives of each group.
const GroupFacts = `SELECT group_id, concatWithSeparator('|', toString(group_number), group_status, toString(activities),
	arrayStringConcat(sources, ',')) FROM provisioning_groups FINAL`

// ActivityFact is what the truth knows of an activity.
func ActivityFact(a *truth.Activity) string {
	return strings.Join([]string{
		a.GroupID, strconv.FormatInt(a.GroupNumber, 10), a.Status, a.Outcome, a.Kind, a.Operation, a.Cause,
		strconv.Itoa(a.Attempts), a.FailedOn, a.AttributeName, a.AttributeValue, strings.ToLower(a.AccountID), a.IdentityID,
		a.ApproverName, a.ApprovalStatus, a.RequestedItemName, a.RequestedItemType, a.RequesterComment, a.ReviewerComment, a.ClientMetadata, a.Warnings,
	}, "|")
}

// GroupFact is what the truth knows of a group.
func GroupFact(g *truth.Group) string {
	return strings.Join([]string{
		strconv.FormatInt(g.GroupNumber, 10), g.GroupStatus, strconv.Itoa(g.Activities), strings.Join(g.Sources, ","),
	}, "|")
}
