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

// Push stores batches, which it must not change. An error means: send them again.
type Push func(context.Context, []*columnar.Batch) error

// NewLogs makes an exporter of a push, as exporterhelper.NewLogs does. refused is
// told how many records of a plog.Logs were put into the quarantine because they
// could not be read.
func NewLogs(
	ctx context.Context, set exporter.Settings, push Push, refused func(context.Context, int),
	queue configoptional.Optional[exporterhelper.QueueBatchConfig], options ...exporterhelper.Option,
) (exporter.Logs, error) {
	convert := func(ctx context.Context, logs plog.Logs) (xexporterhelper.Request, error) {
		batch, n := read(logs)
		if n > 0 {
			refused(ctx, n)
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
	return reader{wrapped}, nil
}

// reader only reads what it is given. exporterhelper says otherwise of every exporter
// that batches, and whoever feeds several would copy each batch for it.
type reader struct{ exporter.Logs }

// Capabilities implements consumer.Logs.
func (reader) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }
