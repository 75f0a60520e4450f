package loopbackhttp

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHandler(t *testing.T) {
	endpoint := "127.0.0.1:8480"
	f := func(want int, method, host string, headers ...string) {
		t.Helper()
		r := httptest.NewRequestWithContext(t.Context(), method, "/report.zip", http.NoBody)
		r.Host = host
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		Handler(endpoint, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })).ServeHTTP(w, r)
		assert.Equal(t, want, w.Code, "%s %v: %s", host, headers, w.Body)
	}
	const yes, no = http.StatusNoContent, http.StatusForbidden
	for _, host := range []string{"127.0.0.1:8480", "localhost:8480", "LOCALHOST:8480", "[::1]:8480", "127.0.0.1", "localhost", "[::1]"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			f(yes, method, host)
			f(yes, method, host, "Origin", "http://"+host)
			f(yes, method, host, "Origin", "http://"+host, "Sec-Fetch-Site", "same-origin")
			f(yes, method, host, "Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate")
			f(no, method, host, "Origin", "http://attacker.example")
			f(no, method, host, "Origin", "null")
			f(no, method, host, "Origin", "http://127.0.0.1:3000")
			f(no, method, host, "Origin", host)
			f(no, method, host, "Origin", "http://attacker.example", "Sec-Fetch-Site", "same-origin")
			f(no, method, host, "Sec-Fetch-Site", "cross-site")
			f(no, method, host, "Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image")
			f(no, method, host, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe")
		}
		f(yes, http.MethodGet, host, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
		f(no, http.MethodPost, host, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")
	}
	for _, host := range []string{"", "attacker.example", "attacker.example:8480", "localhost.attacker.example:8480", "127.0.0.1.attacker.example", "10.0.0.1:8480", "0.0.0.0:8480"} {
		f(no, http.MethodGet, host)
	}

	endpoint = "0.0.0.0:8480"
	f(yes, http.MethodPost, "anything.example", "Origin", "http://other.example")
	endpoint = "10.0.0.1:8480"
	f(yes, http.MethodPost, "10.0.0.1:8480")
}
