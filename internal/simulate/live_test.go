package simulate_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/internal/simulate/truth"
)

// Live traffic adds to the past, and its truth follows the documents.
func TestLiveAfterThePast(t *testing.T) {
	o := options(t)
	begun := time.Now()
	o.Now = func() time.Time { return monday.Add(9*time.Hour + time.Since(begun)) }
	o.To = monday.Add(9 * time.Hour)
	o.From = o.To.Add(-2 * time.Hour)
	o.Live, o.Rate = true, 50
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	past := make(chan struct{})
	o.PastWritten = func() error {
		close(past)
		return nil
	}
	type outcome struct {
		summary simulate.Summary
		err     error
	}
	ended := make(chan outcome, 1)
	go func() {
		s, err := simulate.Run(ctx, o)
		ended <- outcome{s, err}
	}()
	<-past
	before, err := truth.Read(o.Truth())
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		now, err := truth.Read(o.Truth())
		return err == nil && len(now.Groups) > len(before.Groups)+20
	}, 30*time.Second, 50*time.Millisecond)
	cancel()
	end := <-ended
	require.NoError(t, end.err)
	after, err := truth.Read(o.Truth())
	require.NoError(t, err)
	require.LessOrEqual(t, len(after.Groups), end.summary.Groups)
	checkWritten(t, o)
}

func TestOptionsThatCannotWork(t *testing.T) {
	o := options(t)
	o.Tenant, o.Identities, o.Late, o.Feeds, o.FileSize, o.Rate = "", 0, 2, []string{"telex"}, 1, -1
	o.To = o.From
	err := o.Validate()
	for _, part := range []string{"no name", "identities is 0", "late is 2", `feed "telex"`, "file size is 1", "rate must not", "is empty and live is off"} {
		require.ErrorContains(t, err, part)
	}
}

func TestFilesAreCutBySizeAndHour(t *testing.T) {
	o := options(t)
	o.FileSize = 1 << 16
	o.GroupsPerDay = 3000
	o.To = o.From.Add(3 * time.Hour)
	o.Feeds = []string{simulate.FeedREST}
	run(t, o)
	names := digests(t, o.Inbox())
	require.Contains(t, names, "/rest/rest-20260302T00-000.ndjson")
	require.Contains(t, names, "/rest/rest-20260302T02-001.ndjson")
	checkWritten(t, o)
}
