package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/apiclient"
)

// Vendor answers for one feed.
type Vendor interface {
	// Count is the vendor's number of documents made in a period, whose end is not in it.
	// The error wraps apiclient.ErrNoCount where the answer had none.
	Count(ctx context.Context, from, until time.Time) (int64, error)

	// Reread lists the documents that the vendor made in a period, by hash with their ids,
	// and delivers those that are lacking. With an error the list may not be whole.
	Reread(ctx context.Context, from, until time.Time, lacks Lacks) (listed map[uint64]string, err error)
}

// Lacks reports for each document whether it was not delivered.
type Lacks func(hashes []uint64) ([]bool, error)

const (
	maxWindows = 512 // counts of one hour
	minWindow  = time.Second
)

// errWindows means that narrower windows do not help either.
var errWindows = errors.New("narrower windows give no count either")

// count asks how many documents an hour has, where need be by narrower windows. Its only
// error is the cause of ctx's end.
func (r *Reconciler) count(ctx context.Context, h Hour) (answer, error) {
	n, err := r.vendor.Count(ctx, h.Start(), h.End())
	if err == nil && n != r.set.CountLimit {
		return answer{count: n, method: record.MethodCount}, nil
	}
	reason := fmt.Sprintf("the count of the hour is cut at %d", r.set.CountLimit)
	if err != nil {
		reason = err.Error()
	}
	if err == nil || errors.Is(err, apiclient.ErrNoCount) {
		windows := maxWindows
		if n, err = r.countWindows(ctx, h.Start(), h.End(), &windows); err == nil {
			return answer{count: n, method: record.MethodWindows, reason: reason}, nil
		}
		reason = join(reason, err.Error())
	}
	if ctx.Err() != nil {
		return answer{}, context.Cause(ctx)
	}
	return answer{reason: reason}, nil
}

// countWindows is the sum of the counts of the two halves of a period.
func (r *Reconciler) countWindows(ctx context.Context, from, until time.Time, windows *int) (sum int64, err error) {
	middle := from.Add(until.Sub(from) / 2).Truncate(time.Millisecond)
	if until.Sub(from) < 2*minWindow {
		return 0, errWindows
	}
	for _, half := range [][2]time.Time{{from, middle}, {middle, until}} {
		if *windows--; *windows < 0 {
			return 0, errWindows
		}
		n, err := r.vendor.Count(ctx, half[0], half[1])
		if err == nil && n == r.set.CountLimit {
			n, err = r.countWindows(ctx, half[0], half[1], windows)
		}
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}
