package record

import (
	"iter"

	"go.opentelemetry.io/collector/pdata/plog"
)

// All yields the LogRecords of all resources and scopes.
func All(logs plog.Logs) iter.Seq[plog.LogRecord] {
	return func(yield func(plog.LogRecord) bool) {
		for _, resource := range logs.ResourceLogs().All() {
			for _, scope := range resource.ScopeLogs().All() {
				for _, lr := range scope.LogRecords().All() {
					if !yield(lr) {
						return
					}
				}
			}
		}
	}
}
