package pollfeed

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

// TestLateDocumentWhereNoLookbackEnded: a collector that is killed before it has read the
// longest lookback still finds a document that appeared meanwhile and is older than the
// lookback at the next start.
func TestLateDocumentWhereNoLookbackEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		late, appeared, killed := begun.Add(-12*time.Hour), false, false
		s, dir := feedtest.NewStore(), t.TempDir()
		has := func(id string) bool {
			return slices.ContainsFunc(s.All(), func(o provisioning.Observation) bool { return o.VendorID == id })
		}
		vendor := vendorFunc(func(q *http.Request) (int, string) {
			body, err := io.ReadAll(q.Body)
			require.NoError(t, err)
			_, after, _ := strings.Cut(string(body), "modified:[")
			period, _, _ := strings.Cut(strings.ReplaceAll(after, `\\`, ""), "]")
			lower, upper, _ := strings.Cut(period, " TO ")
			from, err := time.Parse(vendorTime, lower)
			require.NoError(t, err)
			until, err := time.Parse(vendorTime, upper)
			require.NoError(t, err, upper)
			within := func(at time.Time) bool { return !at.Before(from) && at.Before(until) }
			switch {
			case !killed && time.Since(begun) >= time.Second && from.Before(begun.Add(-20*time.Hour)):
				<-q.Context().Done() // the lookback
				return http.StatusBadGateway, ""
			case strings.Contains(string(body), "searchAfter"):
				return http.StatusOK, `[]`
			case within(begun.Add(-time.Minute)):
				time.Sleep(time.Second) // meanwhile all before it is read
				return http.StatusOK, searchDocument(1, begun.Add(-time.Minute))
			case appeared && within(late):
				return http.StatusOK, searchDocument(2, late)
			default:
				return http.StatusOK, `[]`
			}
		})
		start := func() (stop func()) {
			r := newFeeds(t, s, dir, searching(func(c *Config) { c.Backfill = 48 * time.Hour }), vendor)
			r.start()
			return r.Stop
		}
		stop := start()
		time.Sleep(10 * time.Minute)
		require.True(t, has("1"))
		stop()
		killed, appeared = true, true
		time.Sleep(20 * time.Hour)
		stop = start()
		time.Sleep(10 * time.Minute)
		stop()
		require.True(t, has("2"))
	})
}
