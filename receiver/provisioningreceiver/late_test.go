package provisioningreceiver

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

// TestLateDocumentWhereNoLookBackEnded: a collector that is killed again and again before
// it has read the past once more, and then looks back from a time that the document,
// which appeared meanwhile, is too old for.
func TestLateDocumentWhereNoLookBackEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		late, appeared, killed := begun.Add(-12*time.Hour), false, false
		s, dir := newStore(), t.TempDir()
		has := func(id string) bool {
			return slices.ContainsFunc(s.all(), func(o provisioning.Observation) bool { return o.VendorID == id })
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
				<-q.Context().Done() // it looks back
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
			host, storage := startStorage(t, dir)
			cfg := NewFactory().CreateDefaultConfig().(*Config)
			api := defaultAPIConfig()
			api.ClientConfig.Endpoint = "http://vendor"
			cfg.Storage, cfg.API, cfg.Search = &storageID, configoptional.Some(api), configoptional.Some(defaultSearchConfig())
			cfg.Search.Get().Backfill = 48 * time.Hour
			set := receivertest.NewNopSettings(metadata.Type)
			set.ID = component.NewID(metadata.Type)
			r, err := newReceiver(set, cfg, s)
			require.NoError(t, err)
			r.client.http, r.client.tokens = &http.Client{Transport: vendor}, nil
			require.NoError(t, r.feeds[0].start(t.Context(), host))
			return func() {
				require.NoError(t, r.Shutdown(t.Context()))
				require.NoError(t, storage.Shutdown(t.Context()))
			}
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
