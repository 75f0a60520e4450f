package exportqueue

import (
	"context"

	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exporterhelper/xexporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/queuestorage"
)

// Push stores batches, which it must not change. An error has the batches sent again.
type Push func(context.Context, []*columnar.Batch) error

// NewLogs makes an exporter of a push, as exporterhelper.NewLogs does. It calls unreadable
// with the number of records of a plog.Logs that could not be read and are quarantined.
func NewLogs(
	ctx context.Context, set exporter.Settings, push Push, unreadable func(context.Context, int),
	queue configoptional.Optional[exporterhelper.QueueBatchConfig], options ...exporterhelper.Option,
) (exporter.Logs, error) {
	convert := func(ctx context.Context, logs plog.Logs) (xexporterhelper.Request, error) {
		batch, n := conversions.convert(logs)
		if n > 0 {
			unreadable(ctx, n)
		}
		return newRequest(batch), nil
	}
	consume := func(ctx context.Context, r xexporterhelper.Request) error {
		return push(ctx, r.(*request).batches)
	}
	options = append(options, xexporterhelper.WithQueueBatch(queue, xexporterhelper.QueueBatchSettings{Encoding: &encoding{}}))
	made, err := xexporterhelper.NewLogsRequest(ctx, set, convert, consume, options...)
	wrapped, err := queuestorage.Wrap(set, made, err)
	if err != nil {
		return nil, err
	}
	return readOnly{wrapped}, nil
}

// readOnly declares that the exporter does not change its data. exporterhelper declares
// the opposite of every exporter that batches, for which the Collector would copy each
// plog.Logs.
type readOnly struct{ exporter.Logs }

// Capabilities implements consumer.Logs.
func (readOnly) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }
