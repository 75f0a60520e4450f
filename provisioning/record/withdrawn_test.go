package record

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

func TestTransitionsThatMovedToAnotherHourAreWithdrawn(t *testing.T) {
	at := func(hour, minute int) pcommon.Timestamp {
		return pcommon.NewTimestampFromTime(time.Date(2026, 11, 23, hour, minute, 0, 0, time.UTC))
	}
	was := Record{StatusSince: at(17, 1), FailedAt: at(12, 0)}
	was.FirstPendingAt, was.CommittedAt, was.FirstFailedAt = at(10, 5), at(11, 59), at(12, 0)
	is := was
	is.FirstPendingAt, is.CommittedAt, is.FirstFailedAt, is.FinishedAt = at(10, 1), at(12, 0), 0, at(13, 0)
	is.Withdraw(&was)
	require.Equal(t, "Failed 1795435200,Committed 1795431600", is.Withdrawn)

	was.FirstNotVerifiableAt, is.FirstNotVerifiableAt = at(17, 1), at(16, 59)
	is.Withdraw(&was)
	require.Equal(t, "Failed 1795435200,Committed 1795431600,Not Verifiable 1795453200", is.Withdrawn)
	is.Withdraw(&is)
	require.Empty(t, is.Withdrawn)
}
