package provisioningclickhouseexporter

import (
	"context"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/provtrail/provtrail/internal/columnar"
)

// pushLogs does at once what the queue does in two steps.
func (e *clickhouseExporter) pushLogs(ctx context.Context, logs plog.Logs) error {
	batch, _ := columnar.Read(logs)
	return e.push(ctx, []*columnar.Batch{batch})
}
