package dashboards

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/panels"
)

// scope is what Grafana knows when it sends a panel's query.
type scope struct {
	from, to time.Time
	interval time.Duration
	vars     map[string][]string // nil or {"$__all"}: All
	typed    map[string]bool     // the variables that are typed in
}

// expand does what Grafana and its ClickHouse plugin do to a query before it is sent.
func (s *scope) expand(t testing.TB, sql string) string {
	t.Helper()
	expanded, err := (&panels.Scope{From: s.from, To: s.to, Interval: s.interval, Vars: s.vars, Typed: s.typed}).Expand(sql)
	require.NoError(t, err, sql)
	return expanded
}
