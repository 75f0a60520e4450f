package clickhouse

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readAnswer gives an error for every status but 200.
func readAnswer(t *testing.T, res *http.Response) (string, error) {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	http.DefaultClient.CloseIdleConnections()
	if res.StatusCode != http.StatusOK {
		return "", errors.New(res.Status + ": " + string(body))
	}
	return strings.TrimSpace(string(body)), nil
}

func TestHTTPRefusesWebPagesOfOthers(t *testing.T) {
	engine, _, _ := restricted(t)
	own := "http://" + engine.HTTPAddr()
	_, port, err := net.SplitHostPort(engine.HTTPAddr())
	require.NoError(t, err)
	body := func(method string) io.Reader {
		if method == http.MethodPost {
			return strings.NewReader("SELECT 1")
		}
		return http.NoBody
	}
	f := func(want int, method, path, host string, headers ...string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, own+path, body(method))
		require.NoError(t, err)
		req.Host = host
		for i := 0; i < len(headers); i += 2 {
			req.Header.Set(headers[i], headers[i+1])
		}
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		answer, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, want, res.StatusCode, "%s %s host %s %v: %s", method, path, host, headers, answer)
		if want == http.StatusForbidden {
			assert.Contains(t, string(answer), "another origin")
		}
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	for _, path := range []string{"/", "/?database=provtrail", "/?query=SELECT+1", "/?user=default&password=&query=SELECT+1"} {
		method := http.MethodPost
		if strings.Contains(path, "query=") {
			method = http.MethodGet
		}
		for _, host := range []string{"127.0.0.1:" + port, "localhost:" + port, "LocalHost:" + port} {
			f(200, method, path, host)
			f(200, method, path, host, "Sec-Fetch-Site", "same-origin", "Origin", "http://"+host)
			f(200, method, path, host, "Sec-Fetch-Site", "none")
			f(403, method, path, host, "Origin", "http://attacker.example", "Content-Type", "text/plain")
			f(403, method, path, host, "Origin", "null")
			f(403, method, path, host, "Origin", "http://127.0.0.1:3000")
			f(403, method, path, host, "Origin", "http://"+host+".attacker.example")
			f(403, method, path, host, "Origin", "http://attacker.example/http://"+host)
			f(403, method, path, host, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors")
			f(403, method, path, host, "Sec-Fetch-Site", "same-site")
		}
		for _, host := range []string{
			"attacker.example", "attacker.example:" + port, "127.0.0.1." + "attacker.example:" + port,
			"localhost.attacker.example:" + port, "127.0.0.1:1", "10.0.0.1:" + port, "x127.0.0.1:" + port,
		} {
			f(403, method, path, host)
		}
	}
	f(200, http.MethodGet, "/ping", "127.0.0.1:"+port)
	f(403, http.MethodGet, "/ping", "attacker.example")
	f(403, http.MethodOptions, "/", "127.0.0.1:"+port, "Origin", "http://attacker.example", "Access-Control-Request-Method", "POST")
	for _, path := range []string{"/dashboard", "/binary", "/webterminal", "/merges", "/jemalloc", "/x"} {
		f(403, http.MethodGet, path, "127.0.0.1:"+port)
	}
}
