package provisioninglokiexporter

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatAnAnswerMeans(t *testing.T) {
	l := newFakeLoki(t)
	c := client{http: l.Client(), url: pushURL(l.URL), agent: "test"}
	f := func(code int, header http.Header, taken, refused bool) {
		t.Helper()
		l.set(func() {
			l.fail = func(int) (int, http.Header, string) { return code, header, "because" }
		})
		err := c.push(t.Context(), nil)
		var why *refusal
		assert.Equal(t, taken, err == nil, code)
		assert.Equal(t, refused, errors.As(err, &why), code)
		if err != nil {
			assert.Contains(t, err.Error(), "because")
		}
	}
	page := http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	f(200, nil, true, false)
	f(200, page, false, false) // a proxy's login page
	f(400, nil, false, true)
	f(413, nil, false, true)
	f(422, nil, false, true)
	for _, code := range []int{401, 403, 404, 408, 429, 500, 502, 503, 504} {
		f(code, nil, false, false)
	}
	l.set(func() { l.fail = nil })
	body, err := encode(nil)
	require.NoError(t, err)
	require.NoError(t, c.push(t.Context(), body))
	l.Close()
	require.ErrorContains(t, c.push(t.Context(), body), "kept, tried again")
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	f := func(value string, want time.Duration, ok bool) {
		t.Helper()
		got, gotOK := retryAfter(value, now)
		assert.Equal(t, ok, gotOK)
		assert.Equal(t, want, got)
	}
	f("7", 7*time.Second, true)
	f("Sat, 14 Mar 2026 12:01:00 GMT", time.Minute, true)
	f("Sat, 14 Mar 2026 11:00:00 GMT", 0, true)
	f("", 0, false)
	f("-3", 0, false)
	f("soon", 0, false)
}

func TestPushURL(t *testing.T) {
	f := func(endpoint, want string) {
		t.Helper()
		assert.Equal(t, want, pushURL(endpoint))
	}
	f("http://127.0.0.1:3100", "http://127.0.0.1:3100/loki/api/v1/push")
	f("http://127.0.0.1:3100/", "http://127.0.0.1:3100/loki/api/v1/push")
	f("https://gateway.example.com/logs/push", "https://gateway.example.com/logs/push")
}

func TestReason(t *testing.T) {
	f := func(code int, answer, want string) {
		t.Helper()
		assert.Equal(t, want, reasonOf(&refusal{code: code, answer: answer}))
	}
	f(400, "entry with timestamp 2026-03-14 ignored, reason: 'entry too far behind, oldest acceptable timestamp is: ...' for stream: {a=\"label\"}", "too_old")
	f(400, "entry for stream '{}' has timestamp too old: 2020-01-01T00:00:00Z", "too_old")
	f(400, "entry for stream '{}' has timestamp too new: 2030-01-01T00:00:00Z", "too_new")
	f(400, "Max entry size '262144' bytes exceeded for stream '{}' while adding an entry with length '300000' bytes", "too_long")
	f(400, "stream '{}' includes structured metadata, but this feature is disallowed", "metadata")
	f(400, "error parsing labels '{}' with error: parse error", "labels")
	f(413, "request body too large", "too_large")
	f(400, "", "other")
}

// Headers with credentials and people's names are not taken to another address.
func TestNothingFollowsARedirect(t *testing.T) {
	elsewhere := 0
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	t.Cleanup(thief.Close)
	loki := httptest.NewServer(http.RedirectHandler(thief.URL, http.StatusTemporaryRedirect))
	t.Cleanup(loki.Close)
	e, _ := started(t, loki.URL, nil)
	ld, _ := activities(1)
	require.ErrorContains(t, e.push(t.Context(), ld), "HTTP 307")
	require.Zero(t, elsewhere)
}
