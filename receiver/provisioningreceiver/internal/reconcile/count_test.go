package reconcile

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
)

// capped is a vendor whose counts end at a limit, or which gives none.
type capped struct {
	documents []time.Time
	limit     int64
	err       func(from, until time.Time) error
	asked     int
}

func (v *capped) Count(_ context.Context, from, until time.Time) (n int64, err error) {
	v.asked++
	for _, at := range v.documents {
		if !at.Before(from) && at.Before(until) {
			n++
		}
	}
	if v.err != nil {
		err = v.err(from, until)
	}
	return min(n, v.limit), err
}

func (*capped) Reread(context.Context, time.Time, time.Time, Lacks) (map[uint64]string, error) {
	return nil, errors.New("no list")
}

func (v *capped) count(t require.TestingT) answer {
	a, err := New(Settings{Vendor: v, CountLimit: v.limit, Logger: zap.NewNop()}).count(context.Background(), base)
	require.NoError(t, err)
	return a
}

// TestCountByWindows: a count that is cut gives way to the sum of narrower windows, which is
// the true number, or to none.
func TestCountByWindows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := &capped{limit: rapid.Int64Range(2, 20).Draw(t, "limit")}
		for _, ms := range rapid.SliceOfN(rapid.Int64Range(0, 3_599_999), 0, 60).Draw(t, "documents") {
			v.documents = append(v.documents, base.Start().Add(time.Duration(ms)*time.Millisecond))
		}
		a := v.count(t)
		if a.method != "" {
			require.EqualValues(t, len(v.documents), a.count)
		}
		if int64(len(v.documents)) < v.limit {
			require.Equal(t, answer{count: int64(len(v.documents)), method: record.MethodCount}, a)
		} else {
			require.NotEmpty(t, a.reason)
			require.NotEqual(t, record.MethodCount, a.method)
		}
		require.LessOrEqual(t, v.asked, maxWindows+1)
	})
	crowd := &capped{limit: 10, documents: slices.Repeat([]time.Time{base.Start()}, 20)}
	a := crowd.count(t)
	require.Empty(t, a.method)
	require.Contains(t, a.reason, "cut at 10; narrower windows give no count either")
	require.Less(t, crowd.asked, 40)
}

func TestCountWithoutAnswer(t *testing.T) {
	whole := &capped{limit: 10, documents: []time.Time{base.Start()}, err: func(from, until time.Time) error {
		if until.Sub(from) == time.Hour {
			return apiclient.ErrNoCount
		}
		return nil
	}}
	a := whole.count(t)
	require.Equal(t, record.MethodWindows, a.method)
	require.EqualValues(t, 1, a.count)

	none := &capped{limit: 10, err: func(time.Time, time.Time) error { return apiclient.ErrNoCount }}
	require.Empty(t, none.count(t).method)
	require.Equal(t, 2, none.asked)

	refuses := &capped{limit: 10, err: func(time.Time, time.Time) error { return errors.New("status 403") }}
	require.Equal(t, answer{reason: "status 403"}, refuses.count(t))
	require.Equal(t, 1, refuses.asked)
}
