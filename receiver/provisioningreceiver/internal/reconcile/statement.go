package reconcile

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/provisioning/record"
)

// record is the statement about an hour.
func (r *Reconciler) record(h Hour, s *state, f *finding, delivered *Summary) record.Reconciliation {
	slices.Sort(f.missingIDs)
	return record.Reconciliation{
		Tenant: r.set.Tenant, Feed: r.set.Feed, Hour: pcommon.NewTimestampFromTime(h.Start()),
		ObservedAt: pcommon.NewTimestampFromTime(s.Stamped), Pass: s.Passes, Verdict: f.verdict,
		VendorCount: f.count, Method: f.method, Observed: delivered.Observed(), Ignored: delivered.Ignored(),
		Quarantined: delivered.Quarantined(), IgnoredReasons: delivered.IgnoredReasons(), Digest: delivered.Digest.String(),
		Missing: f.missing, MissingIDs: f.missingIDs, Reason: f.reason,
	}
}

// log reports a new statement that needs attention: each that is short or hidden, and the
// first of several that are unknown.
func (r *Reconciler) log(s *record.Reconciliation) {
	about := []zap.Field{
		zap.Time("hour", s.Hour.AsTime()), zap.Int64("vendor_count", s.VendorCount),
		zap.Int64("delivered", s.Observed+s.Ignored+s.Quarantined), zap.Int64("missing", s.Missing), zap.String("reason", s.Reason),
	}
	switch s.Verdict {
	case record.VerdictShort:
		r.logger.Warn("the vendor has documents of an hour that were not delivered; the hour is read again", about...)
	case record.VerdictHidden:
		r.logger.Warn("the vendor counts documents of an hour and does not show them", about...)
	case record.VerdictUnknown:
		if !r.unknown {
			r.logger.Warn("the vendor does not say how many documents an hour has; further such hours are not logged", about...)
		}
	}
	r.unknown = s.Verdict == record.VerdictUnknown
}

// missing is the number of documents that the vendor counts and that were not delivered.
func (d *Delivered) missing() (n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.states {
		n += s.Stated.Missing
	}
	return n
}

// newestAgreed is the newest hour whose statement agrees.
func (d *Delivered) newestAgreed() (newest Hour, found bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for h, s := range d.states {
		if s.Stated.Verdict == record.VerdictAgreed && (!found || h > newest) {
			newest, found = h, true
		}
	}
	return newest, found
}
