package truth

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/simulate/model"
)

func TestSettle(t *testing.T) {
	f := func(want model.State, attempts int, reports ...report) result {
		t.Helper()
		o := settle(reports)
		require.Equal(t, want, o.status)
		require.Equal(t, attempts, o.attempts)
		return o
	}
	at := func(at int64, status model.State) report { return report{at: at, status: status} }
	f(model.Pending, 1, at(1, model.Pending))
	f(model.Success, 1, at(9, model.Success), at(1, model.Pending), at(5, model.Committed))
	f(model.Success, 1, at(5, model.Success), at(9, model.Committed))
	f(model.NotVerifiable, 1, at(5, model.NotVerifiable), at(9, model.Committed))
	f(model.Retrying, 2, at(1, model.Pending), at(2, model.Failed), at(3, model.Pending))
	f(model.Failed, 3, at(2, model.Failed), at(3, model.Pending), at(4, model.Failed), at(5, model.Retrying), at(6, model.Retrying), at(7, model.Failed))
	f(model.Failed, 1, at(2, model.Failed), at(4, model.Failed))
	f(model.Committed, 1, at(0, model.Committed), at(7, model.Pending))
	f(model.Success, 1, at(0, model.Pending), at(7, model.Success))
	f(model.Committed, 1, at(0, model.Failed), at(7, model.Committed))
	f(model.Failed, 1, at(0, model.Failed), at(7, model.Pending))
	o := f(model.Success, 2, at(1, model.Pending), at(2, model.Failed), at(3, model.Retrying), at(4, model.Committed), at(9, model.Success))
	require.Equal(t, []int64{1, 2, 2, 4, 9}, []int64{o.firstPending, o.firstFailed, o.lastFailed, o.committed, o.finished})
	o = f(model.Failed, 1, at(4, model.Failed), report{at: 5, status: model.Failed, side: true})
	require.Equal(t, [2]bool{true, true}, o.failedOn)
	o = f(model.Committed, 1, report{at: 3, status: model.Failed, side: true}, at(4, model.Committed))
	require.Equal(t, [2]bool{false, true}, o.failedOn)
}
