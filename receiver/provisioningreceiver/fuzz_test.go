package provisioningreceiver

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

// FuzzDecodeCheckpoint: what is taken for a checkpoint is exactly what was written.
func FuzzDecodeCheckpoint(f *testing.F) {
	f.Add(encodeCheckpoint(time.UnixMilli(1_700_000_000_123)))
	f.Add([]byte{})
	f.Add([]byte{checkpointVersion, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, value []byte) {
		if at, ok := decodeCheckpoint(value); ok && !bytes.Equal(encodeCheckpoint(at), value) {
			t.Fatalf("%x was read as %s", value, at)
		}
	})
}

// FuzzDecodeBounds: what is taken for the bounds of a journal is exactly what was written.
func FuzzDecodeBounds(f *testing.F) {
	f.Add(encodeBounds(3, 17))
	f.Add(make([]byte, 20))
	f.Fuzz(func(t *testing.T, value []byte) {
		if low, next, ok := decodeBounds(value); ok && !bytes.Equal(encodeBounds(low, next), value) {
			t.Fatalf("%x was read as %d and %d", value, low, next)
		}
	})
}

// FuzzWebhook: whatever is posted gets one of the documented answers, and what was
// answered 200 or 400 has been delivered or is in the quarantine.
func FuzzWebhook(f *testing.F) {
	f.Add(http.MethodPost, []byte(trigger))
	f.Add(http.MethodPost, []byte(`[{"trackingNumber":null}`))
	f.Add(http.MethodPost, []byte("\x00\xff{"))
	f.Add(http.MethodGet, []byte{})
	f.Fuzz(func(t *testing.T, method string, body []byte) {
		sink := &consumertest.LogsSink{}
		cfg := NewFactory().CreateDefaultConfig().(*Config)
		cfg.Tenant = "acme"
		cfg.Webhook = configoptional.Some(defaultWebhookConfig())
		r, err := newReceiver(receivertest.NewNopSettings(metadata.Type), cfg, sink)
		require.NoError(t, err)
		w := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodPost, "/sailpoint", bytes.NewReader(body))
		request.Method = method
		r.feeds[0].(*webhookFeed).handle(w, request)
		switch w.Code {
		case http.StatusOK:
		case http.StatusBadRequest:
			require.Positive(t, sink.LogRecordCount(), "refused and not kept")
		case http.StatusMethodNotAllowed:
			require.NotEqual(t, http.MethodPost, method)
		default:
			t.Fatalf("answered %d: %s", w.Code, w.Body)
		}
	})
}
