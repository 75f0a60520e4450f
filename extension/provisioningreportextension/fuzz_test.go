package provisioningreportextension

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/provtrail/provtrail/extension/provisioningreportextension/internal/metadata"
)

// FuzzRequests: whatever address is asked for, the answer is none of 5xx, and nothing
// that lies beside the archive is ever served.
func FuzzRequests(f *testing.F) {
	for _, seed := range []string{
		"/", "/?sort=status&after=00000000000000000000000000000001.1.x&rows=2", "/activity?id=00000000000000000000000000000001", "/summary?from=1h&tz=x", "/download?x=<script>", "/style.css", "/report.zip?from=24h", "/report.json?status=x", "/evidence.zip?identity=a", "/archive/?prefix=..", "/archive/files/../secret",
		"/archive/files/%2e%2e/secret", "/archive/files/tenant=acme/..%2f..%2fsecret", "/archive/public-key.pem", "/archive/files//etc/passwd", "/report.zip?tz=../../x",
	} {
		f.Add(seed)
	}
	const secret = "it must not be served"
	parent := f.TempDir()
	dir := filepath.Join(parent, "archive")
	require.NoError(f, os.Mkdir(dir, 0o750))
	require.NoError(f, os.WriteFile(filepath.Join(parent, "secret"), []byte(secret), 0o600))
	require.NoError(f, os.WriteFile(filepath.Join(dir, ".hidden"), []byte(secret), 0o600))
	cfg := createDefaultConfig().(*Config)
	cfg.Server.NetAddr.Endpoint, cfg.Directory = "127.0.0.1:0", dir
	e := newReporter(extensiontest.NewNopSettings(metadata.Type), cfg)
	require.NoError(f, e.Start(f.Context(), componenttest.NewNopHost()))
	f.Cleanup(func() { require.NoError(f, e.Shutdown(f.Context())) })
	f.Fuzz(func(t *testing.T, address string) {
		path, query, _ := strings.Cut(address, "?")
		request := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		request.URL.Path, request.URL.RawQuery = path, query
		w := httptest.NewRecorder()
		e.server.Handler.ServeHTTP(w, request)
		require.Less(t, w.Code, 500, "%s: %s", address, w.Body)
		require.NotContains(t, w.Body.String(), secret, address)
	})
}
