package change

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning"
)

// Limits are how long an activity may stay in a status before it is flagged. 0
// never flags.
type Limits struct {
	Stalled time.Duration // Pending or Retrying
	Overdue time.Duration // Committed
}

// Thresholds are the limits of all sources.
type Thresholds struct {
	Default Limits
	// Sources are limits of single sources by name or id in lower case.
	Sources map[string]Limits
	// Verified returns when a change on a source was first seen to be verified, 0 for
	// never; nil means that all sources are.
	Verified func(source string) pcommon.Timestamp
}

func (t *Thresholds) of(a *provisioning.Activity) Limits {
	if len(t.Sources) == 0 {
		return t.Default
	}
	if l, ok := t.Sources[strings.ToLower(a.SourceName)]; ok && a.SourceName != "" {
		return l
	}
	if l, ok := t.Sources[strings.ToLower(a.SourceID)]; ok && a.SourceID != "" {
		return l
	}
	return t.Default
}

// dueAt is when the activity's status will have lasted too long, 0 for never.
func (t *Thresholds) dueAt(a *provisioning.Activity) pcommon.Timestamp {
	limits := t.of(a)
	switch {
	case a.Status.Open() && limits.Stalled != 0:
		return a.StatusSince + pcommon.Timestamp(limits.Stalled)
	case a.Status == provisioning.StatusCommitted && limits.Overdue != 0 && verifiable(a):
		since := a.StatusSince
		if t.Verified != nil {
			verified := t.Verified(provisioning.SourceKey(a.SourceID, a.SourceName))
			if verified == 0 {
				return 0
			}
			since = max(since, verified)
		}
		return since + pcommon.Timestamp(limits.Overdue)
	default:
		return 0
	}
}

// lookAgainAt is when an activity whose source has verified nothing so far is to be looked
// at again, 0 for never.
func (t *Thresholds) lookAgainAt(a *provisioning.Activity, now pcommon.Timestamp) pcommon.Timestamp {
	limit := t.of(a).Overdue
	if a.Status != provisioning.StatusCommitted || limit == 0 || !verifiable(a) || t.dueAt(a) != 0 {
		return 0
	}
	return now + pcommon.Timestamp(limit)
}

// verifiable reports whether an aggregation can see the change: a password cannot be read
// back, and the identity system does not aggregate itself.
func verifiable(a *provisioning.Activity) bool {
	return a.Kind != provisioning.KindPassword && !strings.EqualFold(a.SourceName, identityNow)
}

// identityNow is the name of the identity system as a source.
const identityNow = "IdentityNow"

// Flagged reports whether the activity was too long in its status when the
// timers were handled last.
func (t *Thresholds) Flagged(a *provisioning.Activity, checked pcommon.Timestamp) bool {
	due := t.dueAt(a)
	return due != 0 && due <= checked
}
