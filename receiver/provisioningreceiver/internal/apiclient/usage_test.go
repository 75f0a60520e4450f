package apiclient

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
)

func TestUsageIsOfTheLastTenSeconds(t *testing.T) {
	var u usage
	begin := time.Unix(1_800_000_000, 0)
	require.Zero(t, u.sum(begin))
	for second := range 25 {
		for range 3 {
			u.add(begin.Add(time.Duration(second) * time.Second))
		}
		require.EqualValues(t, 3*min(second+1, 10), u.sum(begin.Add(time.Duration(second)*time.Second)))
	}
	require.EqualValues(t, 3*4, u.sum(begin.Add(30*time.Second)), "seconds 21 to 24")
	require.Zero(t, u.sum(begin.Add(time.Minute)))
}

func TestBudgetIsKept(t *testing.T) {
	c := New(&Config{RequestsPer10s: 95}, componenttest.NewNopTelemetrySettings(), nil)
	require.InDelta(t, 95, 10*float64(c.budget.Limit())+float64(c.budget.Burst()), 0.01)
	require.GreaterOrEqual(t, 10*float64(c.budget.Limit()), 90.0, "of the allowed 100 at least 90 are used")
}
