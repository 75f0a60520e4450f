package delivery

import (
	"context"
	"regexp"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/provisioning"
)

func (d *Delivery) countIgnored(ctx context.Context, b *Batch) {
	for _, x := range b.Ignored {
		name, isNew := d.ignored.bound(x.Name)
		d.metrics.ReceiverProvisioningIgnored.Add(ctx, 1, metric.WithAttributes(
			attribute.String("feed", string(d.feed)), attribute.String("reason", x.Reason), attribute.String("name", name)))
		if !isNew {
			continue
		}
		switch x.Reason {
		case sailpoint.ReasonOtherTrigger:
			d.logger.Warn("a subscription sends events that are no reports of provisioning; they are ignored and counted: "+
				"delete the subscription of this trigger, or give the subscription another URL", zap.String("trigger", x.Name))
		case sailpoint.ReasonTest:
			d.logger.Info("the vendor's test of a subscription arrived; its invented example is ignored and counted", zap.String("trigger", x.Name))
		}
	}
	b.Ignored = b.Ignored[:0]
}

// index is a place in an array; fields are counted without it.
var index = regexp.MustCompile(`\[\d+\]`)

func (d *Delivery) countUnreadable(ctx context.Context, b *Batch) {
	for _, x := range b.Unreadable {
		field, isNew := d.unreadable.bound(index.ReplaceAllString(x.Field, "[]"))
		d.metrics.ReceiverProvisioningUnreadableFields.Add(ctx, 1,
			metric.WithAttributes(attribute.String("feed", string(d.feed)), attribute.String("field", field)))
		if isNew {
			d.logger.Warn("a field cannot be read; the records are kept without it, and counted", zap.String("feed", string(d.feed)),
				zap.String("field", field), zap.String("value", sailpoint.Redact(x.Value)), zap.String("problem", x.Problem))
		}
	}
	b.Unreadable = b.Unreadable[:0]
}

var dialects = [...]provisioning.Dialect{
	provisioning.DialectREST, provisioning.DialectSearch, provisioning.DialectEvent, provisioning.DialectTrigger,
}

func (d *Delivery) countAccepted(ctx context.Context, b *Batch) {
	feed := attribute.String("feed", string(d.feed))
	only := metric.WithAttributeSet(attribute.NewSet(feed))
	now := time.Now()
	for _, dialect := range dialects {
		var all, unknown int64
		for i := range b.Observations {
			o := &b.Observations[i]
			if o.Dialect != dialect {
				continue
			}
			all++
			if o.ReportedStatus == provisioning.StatusUnset {
				unknown++
			}
			if o.OccurredAt != 0 {
				d.metrics.ReceiverProvisioningDelay.Record(ctx, now.Sub(o.OccurredAt.AsTime()).Seconds(), only)
			}
		}
		if all == 0 {
			continue
		}
		both := metric.WithAttributeSet(attribute.NewSet(feed, attribute.String("dialect", string(dialect))))
		d.metrics.ReceiverProvisioningObservations.Add(ctx, all, both)
		if unknown > 0 {
			d.metrics.ReceiverProvisioningUnknownStatuses.Add(ctx, unknown, both)
		}
	}
	d.countUnknownWords(ctx, b)
	if n := int64(len(b.Quarantined)); n > 0 {
		d.metrics.ReceiverProvisioningQuarantined.Add(ctx, n, only)
	}
}

// countUnknownWords counts the words, beside the status, that the vendor does not
// document.
func (d *Delivery) countUnknownWords(ctx context.Context, b *Batch) {
	var operations, approvals int64
	for i := range b.Observations {
		o := &b.Observations[i]
		if _, known := provisioning.ParseOperation(string(o.Operation)); !known {
			operations++
		}
		if _, known := provisioning.ParseApproval(o.RawApproval); !known {
			approvals++
		}
	}
	for field, n := range map[string]int64{"operation": operations, "approval_status": approvals} {
		if n > 0 {
			d.metrics.ReceiverProvisioningUnknownWords.Add(ctx, n,
				metric.WithAttributes(attribute.String("feed", string(d.feed)), attribute.String("field", field)))
		}
	}
}
