package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkable is a configuration in which each test changes one value.
const checkable = `
extensions:
  file_storage: {directory: DIR/storage, create_directory: true}
  bearertokenauth: {token: hush}
  provisioning_report: {endpoint: "127.0.0.1:0", directory: DIR/archive}
receivers:
  provisioning:
    tenant: acme
    storage: file_storage
    file: {include: ["DIR/input/*.json"], poll_interval: 1s}
    webhook: {endpoint: "127.0.0.1:0", auth: {authenticator: bearertokenauth}}
exporters:
  provisioning_clickhouse: {endpoints: ["127.0.0.1:1"], ttl: 168h, sending_queue: {storage: file_storage}}
  provisioning_parquet: {directory: DIR/archive, retry_on_failure: {max_elapsed_time: 0}}
  provisioning_loki: {endpoint: "http://127.0.0.1:1", quarantine: {directory: DIR/refused}}
service:
  extensions: [file_storage, bearertokenauth, provisioning_report]
  telemetry: {metrics: {level: none}}
  pipelines:
    logs: {receivers: [provisioning], exporters: [provisioning_clickhouse, provisioning_parquet, provisioning_loki]}
`

// runWith runs the program with checkable, in which old is replaced by changed.
func runWith(t *testing.T, old, changed string, args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	require.Contains(t, checkable, old)
	text := strings.ReplaceAll(strings.Replace(checkable, old, changed, 1), "DIR", dir)
	config := filepath.Join(dir, "config.yaml")
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	out, err := exec.CommandContext(t.Context(), program, append(args, "--config", config)...).CombinedOutput()
	return strings.ReplaceAll(string(out), dir, "DIR"), err
}

// TestConfigErrorsNameKeyAndValue: both of a mistake's places are named, by validate and
// before anything is started.
func TestConfigErrorsNameKeyAndValue(t *testing.T) {
	out, err := runWith(t, "", "", "validate")
	require.NoError(t, err, out)
	f := func(old, changed string, want ...string) {
		t.Helper()
		for _, args := range [][]string{{"validate"}, nil} {
			out, err := runWith(t, old, changed, args...)
			require.Error(t, err, out)
			for _, text := range want {
				assert.Contains(t, out, text)
			}
		}
	}
	const forms = "write numbers with units"
	f("storage: file_storage\n", "storage: file_storge\n", `receivers::provisioning::storage: "file_storge"`, "bearertokenauth, provisioning_report")
	f("{storage: file_storage}", "{storage: file_storage/2}", `exporters::provisioning_clickhouse::sending_queue::storage: "file_storage/2"`)
	f("authenticator: bearertokenauth", "authenticator: basicauth", `receivers::provisioning::webhook::auth::authenticator: "basicauth"`)
	f("extensions: [file_storage, bearer", "extensions: [bearer", `receivers::provisioning::storage: "file_storage"`)
	f("ttl: 168h", "ttl: 7days", `exporters::provisioning_clickhouse::ttl: "7days"`, forms)
	f("ttl: 168h", "ttl: 168", `exporters::provisioning_clickhouse::ttl: 168 is a number without a unit`, forms)
	f("max_elapsed_time: 0", "max_elapsed_time: 1.5", `exporters::provisioning_parquet::retry_on_failure::max_elapsed_time: 1.5`, forms)
	f("poll_interval: 1s", "poll_interval: 7", `receivers::provisioning::file::poll_interval: 7`, forms)
	f("poll_interval: 1s", `poll_interval: "${env:PROVTRAIL_NOT_SET:-7}"`, `receivers::provisioning::file::poll_interval: 7`, forms)
	f("provisioning_parquet: {directory: DIR/archive", "provisioning_parquet: {directory: DIR/config.yaml", `exporters::provisioning_parquet::directory: "DIR/config.yaml" is a file`)
	f("*.json", "[", "receivers::provisioning::file", "include", `"DIR/input/["`)
}

// TestPortInUseEndsTheStart: the port is found in use before anything is started, and a
// configuration may be validated while a collector runs with it.
func TestPortInUseEndsTheStart(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	f := func(old, changed, want string) {
		t.Helper()
		changed = strings.ReplaceAll(changed, "PORT", l.Addr().String()[len("127.0.0.1:"):])
		out, err := runWith(t, old, changed, "validate")
		require.NoError(t, err, out)
		began := time.Now()
		out, err = runWith(t, old, changed)
		require.Error(t, err, out)
		assert.Contains(t, out, want+`: cannot listen on "`+l.Addr().String()+`"`)
		assert.NotContains(t, out, "Starting extensions", "nothing was started")
		t.Logf("ended after %s", time.Since(began))
	}
	f(`provisioning_report: {endpoint: "127.0.0.1:0"`, `provisioning_report: {endpoint: "127.0.0.1:PORT"`, "extensions::provisioning_report::endpoint")
	f(`webhook: {endpoint: "127.0.0.1:0"`, `webhook: {endpoint: "127.0.0.1:PORT"`, "receivers::provisioning::webhook::endpoint")
	f("{level: none}", "{level: basic, readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: PORT}}}}]}", "service::telemetry::metrics::readers[0]::pull::exporter::prometheus::port")
}

func TestPrintConfigShowsNoPasswordOfAURL(t *testing.T) {
	out, err := runWith(t, "http://127.0.0.1:1", "https://ada:hush@loki.example/push?x=1", "print-config")
	require.NoError(t, err, out)
	assert.Contains(t, out, "https://ada:REDACTED@loki.example/push?x=1")
	assert.NotContains(t, out, "hush")
}
