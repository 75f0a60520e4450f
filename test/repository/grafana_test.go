package repository

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// grafana runs internal/tools/grafana.sh with a PATH that has the basic tools and
// whatever programs the caller gives, and returns the script's output.
func grafana(t *testing.T, programs map[string]string, env ...string) (string, error) {
	t.Helper()
	bin := t.TempDir()
	for _, name := range []string{"basename", "bash", "cp", "dirname", "env", "id", "mkdir", "mv", "readlink", "sed", "uname"} {
		path, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(bin, name)))
	}
	for name, script := range programs {
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte("#!"+filepath.Join(bin, "bash")+"\n"+script), 0o700))
	}
	cmd := exec.Command(filepath.Join(bin, "bash"), filepath.Join(root, "internal", "tools", "grafana.sh"))
	cmd.Env = append([]string{"PATH=" + bin}, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestGrafanaSaysWhatIsMissing(t *testing.T) {
	data := t.TempDir()
	f := func(programs map[string]string) {
		t.Helper()
		out, err := grafana(t, programs, "PROVTRAIL_DATA="+data)
		require.Error(t, err, out)
		assert.Contains(t, out, "there is no Grafana")
		assert.Contains(t, out, "PROVTRAIL_GRAFANA_HOME")
		assert.NoDirExists(t, filepath.Join(data, "grafana"))
	}
	f(nil)
	f(map[string]string{"docker": "exit 1"}) // Docker is installed and not running
}

func TestGrafanaIsProvisioned(t *testing.T) {
	data := t.TempDir()
	printed := map[string]string{"grafana": `echo "arguments: $*"; env`}
	out, err := grafana(t, printed, "PROVTRAIL_DATA="+data, "PROVTRAIL_CLICKHOUSE_NATIVE=127.0.0.1:19000", "PROVTRAIL_GRAFANA_PORT=3456")
	require.NoError(t, err, out)
	own := filepath.Join(data, "grafana")
	for _, want := range []string{
		"arguments: server", "GF_SERVER_HTTP_ADDR=127.0.0.1", "GF_SERVER_HTTP_PORT=3456", "GF_PATHS_DATA=" + own,
		"GF_PATHS_PROVISIONING=" + own + "/provisioning", "GF_PATHS_PLUGINS=" + own + "/plugins",
	} {
		assert.Contains(t, out, want)
	}
	text := func(parts ...string) string {
		content, err := os.ReadFile(filepath.Join(append([]string{own, "provisioning"}, parts...)...))
		require.NoError(t, err)
		return string(content)
	}
	assert.Contains(t, text("datasources", "provtrail.yaml"), "host: 127.0.0.1\n      port: 19000\n")
	assert.Contains(t, text("dashboards", "provtrail.yaml"), "path: "+filepath.Join(root, "dashboards")+"\n")
	assert.Contains(t, text("alerting", "provtrail.yaml"), "provtrail-failed-spike")
}

func TestGrafanaOfAFolderHasItsHome(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(home, "bin"), 0o750))
	require.NoError(t, os.MkdirAll(filepath.Join(home, "conf"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(home, "conf", "defaults.ini"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(home, "bin", "grafana-server"), []byte("#!/bin/bash\necho \"arguments: $*\"\n"), 0o700))
	out, err := grafana(t, nil, "PROVTRAIL_DATA="+t.TempDir(), "PROVTRAIL_GRAFANA_HOME="+home)
	require.NoError(t, err, out)
	assert.Contains(t, out, "arguments: --homepath "+home)
}

func TestGrafanaInDockerListensOnLoopback(t *testing.T) {
	printed := map[string]string{"docker": `if [ "$1" = run ]; then echo "arguments: $*"; fi`}
	out, err := grafana(t, printed, "PROVTRAIL_DATA="+t.TempDir())
	require.NoError(t, err, out)
	_, arguments, _ := strings.Cut(out, "arguments: ")
	if strings.Contains(arguments, "--network host") {
		assert.Contains(t, arguments, "--env GF_SERVER_HTTP_ADDR=127.0.0.1")
	} else {
		assert.Contains(t, arguments, "--publish 127.0.0.1:3000:3000")
	}
	assert.Regexp(t, ` grafana/grafana:[0-9.]+\n$`, arguments)
}
