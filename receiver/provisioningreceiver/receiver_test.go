package provisioningreceiver

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

const trigger = `{"trackingNumber":"hook","recipient":{"type":"IDENTITY","id":"1","name":"Ada"},"accountRequests":[
 {"source":{"id":"4e4d982dddff4267ab12f0f1e72b5a6d","type":"SOURCE","name":"AD"},"accountId":"ada","accountOperation":"Modify","provisioningResult":"SUCCESS","provisioningTarget":"AD"}]}`

// receive makes a receiver with all feeds.
func receive(t *testing.T, next *feedtest.Store, vendor, webhook, input string) *logsReceiver {
	t.Helper()
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"tenant": "acme", "passed_status": "success", "storage": "file_storage",
		"redact":  map[string]any{"names": []any{"badgeNo"}},
		"api":     map[string]any{"endpoint": vendor},
		"rest":    map[string]any{"interval": "20ms"},
		"search":  nil,
		"events":  nil,
		"webhook": map[string]any{"endpoint": webhook},
		"file":    map[string]any{"include": []any{input}, "poll_interval": "10ms"},
	}).Unmarshal(cfg))
	require.NoError(t, confmap.Validate(cfg))
	set := receivertest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	r, err := newReceiver(set, cfg, next)
	require.NoError(t, err)
	return r
}

// TestAllFeedsTogether: each feed delivers with its own name and the receiver's settings.
func TestAllFeedsTogether(t *testing.T) {
	// One document: the receiver that does not start may read it too.
	document := strings.ReplaceAll(feedtest.Document("polled"), "2026-01-02T00:00:00Z", time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := "[]"
		if r.URL.Query().Get("sorters") == "modified" {
			answer = "[" + document + "]"
		}
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(vendor.Close)
	dir, s := t.TempDir(), feedtest.NewStore()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.json"), []byte(strings.Replace(feedtest.Document("filed"), `"memberOf"`, `"badgeno"`, 1)), 0o600))
	addresses, err := blackbox.FreePorts(1)
	require.NoError(t, err)
	address := addresses[0]
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	host, storage := feedtest.StartStorage(t, t.TempDir())
	t.Cleanup(func() { require.NoError(t, storage.Shutdown(context.Background())) })

	// The address is in use: the feeds that started are stopped, and their storage is free.
	r := receive(t, s, vendor.URL, address, dir)
	require.ErrorContains(t, r.Start(t.Context(), host), "webhook: cannot listen on "+address)
	require.NoError(t, listener.Close())

	r = receive(t, s, vendor.URL, address, dir)
	require.NoError(t, r.Start(t.Context(), host))
	response, err := http.Post("http://"+address+"/sailpoint", "application/json", strings.NewReader(trigger))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	s.Eventually(t, 1, "filed", "polled", "hook")
	require.NoError(t, r.Shutdown(t.Context()))
	http.DefaultClient.CloseIdleConnections()

	feeds := map[string]provisioning.Feed{}
	for _, o := range s.All() {
		feeds[o.GroupID] = o.Feed
		if o.GroupID == "filed" {
			require.Equal(t, sailpoint.Redacted, o.AttributeValue)
		}
		require.Equal(t, provisioning.StatusSuccess, o.ReportedStatus, o.GroupID)
	}
	require.Equal(t, map[string]provisioning.Feed{"filed": provisioning.FeedFile, "polled": provisioning.FeedREST, "hook": provisioning.FeedWebhook}, feeds)
}
