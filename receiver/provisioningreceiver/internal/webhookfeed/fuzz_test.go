package webhookfeed

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
)

// FuzzDecodeBounds: what is taken for the bounds of a log is exactly what was written.
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
	f.Add(http.MethodPost, []byte(trigger+trigger[:50]+trigger))
	f.Add(http.MethodPost, []byte("\x1f\x8b\x08"))
	f.Add(http.MethodGet, []byte{})
	s := &consumertest.LogsSink{}
	env := feedtest.NewEnv(f, provisioning.FeedWebhook, s, f.TempDir())
	cfg := NewDefaultConfig()
	cfg.ServerConfig.NetAddr.Endpoint = "127.0.0.1:0"
	hook := New(&cfg, env.Settings)
	env.Start(hook)
	f.Fuzz(func(t *testing.T, method string, body []byte) {
		s.Reset()
		w := httptest.NewRecorder()
		request := httptest.NewRequest(http.MethodPost, "/sailpoint", bytes.NewReader(body))
		request.Method = method
		hook.handle(w, request)
		switch w.Code {
		case http.StatusOK:
		case http.StatusBadRequest, http.StatusMultiStatus:
			require.Positive(t, s.LogRecordCount(), "refused and not kept")
		case http.StatusMethodNotAllowed:
			require.NotEqual(t, http.MethodPost, method)
		default:
			t.Fatalf("answered %d: %s", w.Code, w.Body)
		}
	})
}
