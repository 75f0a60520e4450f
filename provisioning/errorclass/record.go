package errorclass

import (
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// Describe sets the kind of error of a record's activity.
func (c *Classifier) Describe(r *record.Record) {
	result := c.Classify(Input{
		Status: r.Status, Approval: r.ApprovalStatus, RawStatus: r.RawStatus, TicketID: r.TicketID,
		Error: r.ErrorMessage, Warnings: r.Warnings,
		SourceID: provisioning.SourceKey(r.SourceID, r.SourceName), Operation: r.Operation,
	})
	r.ErrorCategory, r.ErrorSignature, r.ErrorFingerprint = string(result.Category), result.Signature, result.Fingerprint
}
