package provisioninglokiexporter

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/grafana/loki/pkg/push"
	"github.com/klauspost/compress/snappy"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/provtrail/provtrail/exporter/provisioninglokiexporter/internal/metadata"
)

// fakeLoki reads real push requests and keeps entries as Loki does: two entries of
// one stream with the same time and line are one, and a request with bad entries
// is answered with 400 after the good ones were stored.
type fakeLoki struct {
	*httptest.Server

	mu       sync.Mutex
	stored   map[string]push.Entry // by event id
	seen     map[[3]string]bool    // stream, time, line
	streams  map[string]int
	requests []int // number of entries of each
	// refuse answers why an entry is refused for good, or "".
	refuse func(push.Entry) string
	// fail answers a whole request, before it is read, when code is not 0.
	fail func(request int) (code int, header http.Header, body string)
}

func newFakeLoki(t testing.TB) *fakeLoki {
	l := &fakeLoki{stored: map[string]push.Entry{}, seen: map[[3]string]bool{}, streams: map[string]int{}}
	l.Server = httptest.NewServer(l)
	t.Cleanup(l.Close)
	return l
}

func (l *fakeLoki) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != pushPath || r.Header.Get("Content-Type") != "application/x-protobuf" || r.Header.Get("Content-Encoding") != "" {
		http.Error(w, "not a push request: "+r.URL.Path, http.StatusTeapot)
		return
	}
	if l.fail != nil {
		if code, header, text := l.fail(len(l.requests)); code != 0 {
			l.requests = append(l.requests, 0)
			for name := range header {
				w.Header().Set(name, header.Get(name))
			}
			w.WriteHeader(code)
			_, _ = io.WriteString(w, text)
			return
		}
	}
	raw, err := snappy.Decode(nil, body)
	var request push.PushRequest
	if err == nil {
		err = request.Unmarshal(raw)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	refused, n := "", 0
	for _, s := range request.Streams {
		for _, e := range s.Entries {
			n++
			if l.refuse != nil {
				if why := l.refuse(e); why != "" {
					refused = why
					continue
				}
			}
			l.store(s.Labels, e)
		}
	}
	l.requests = append(l.requests, n)
	if refused != "" {
		http.Error(w, refused, http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (l *fakeLoki) store(labels string, e push.Entry) {
	key := [3]string{labels, e.Timestamp.String(), e.Line}
	if l.seen[key] {
		return
	}
	l.seen[key] = true
	l.streams[labels]++
	l.stored[metadataValue(e, "event_id")] = e
}

func metadataValue(e push.Entry, name string) string {
	for _, m := range e.StructuredMetadata {
		if m.Name == name {
			return m.Value
		}
	}
	return ""
}

// ids are the event ids stored.
func (l *fakeLoki) ids() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for id := range l.stored {
		out = append(out, id)
	}
	return out
}

func (l *fakeLoki) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// started is an exporter without a queue that pushes to url, for one call at a time.
func started(t *testing.T, url string, change func(*Config)) (*lokiExporter, *componenttest.Telemetry) {
	tel := componenttest.NewTelemetry()
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.WithoutCancel(t.Context()))) })
	cfg := createDefaultConfig().(*Config)
	cfg.ClientConfig.Endpoint = url
	cfg.Quarantine.Directory = t.TempDir()
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	set := exportertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	set.Logger = zap.NewNop()
	set.BuildInfo = component.BuildInfo{Command: "provtrail", Version: "test"}
	e, err := newLokiExporter(cfg, set)
	require.NoError(t, err)
	require.NoError(t, e.start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, e.shutdown(t.Context())) })
	return e, tel
}
