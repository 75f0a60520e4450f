package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive"
)

// secretive is a configuration in which every place that takes a secret has one that
// begins with "hush".
const secretive = `
extensions:
  oauth2client: {client_id: me, client_secret: hush-client, token_url: https://acme.example/oauth/token}
  bearertokenauth: {token: hush-token}
  basicauth: {htpasswd: {inline: "ada:hush-basic"}}
receivers:
  provisioning:
    tenant: acme
    file: {include: [/nowhere/]}
    api: {endpoint: https://acme.example, headers: {X-Key: hush-header}}
    rest: {}
exporters:
  provisioning_clickhouse: {endpoints: ["127.0.0.1:1"], password: hush-clickhouse}
  provisioning_loki:
    endpoint: http://127.0.0.1:1
    headers: {Authorization: hush-loki}
    quarantine: {directory: /nowhere}
service:
  extensions: [oauth2client, bearertokenauth, basicauth]
  pipelines:
    logs: {receivers: [provisioning], exporters: [provisioning_clickhouse, provisioning_loki]}
`

func TestPrintConfigShowsNoSecret(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(config, []byte(secretive), 0o600))
	// print-config writes to the process's own standard output.
	before := os.Stdout
	read, write, err := os.Pipe()
	require.NoError(t, err)
	os.Stdout = write
	t.Cleanup(func() { os.Stdout = before })
	printed := make(chan string)
	go func() {
		var out bytes.Buffer
		_, _ = out.ReadFrom(read)
		printed <- out.String()
	}()
	cmd := newCommand()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs([]string{"print-config", "--mode=redacted", "--config", config})
	err = cmd.Execute()
	require.NoError(t, write.Close())
	text := <-printed + out.String()
	require.NoError(t, err, text)
	require.Contains(t, text, "provisioning_clickhouse", "it was printed")
	assert.NotContains(t, text, "hush-client")
	assert.NotContains(t, text, "hush-token")
	assert.NotContains(t, text, "hush-header")
	assert.NotContains(t, text, "hush-clickhouse")
	assert.NotContains(t, text, "hush-loki")
	assert.GreaterOrEqual(t, strings.Count(text, "[REDACTED]"), 5)
}

// What is kept is for its owner and group; the signing key and locks for the owner
// alone. Only the public key is for everybody.
func TestFileModes(t *testing.T) {
	dir, _ := sealedArchive(t)
	key := dir + "-signing-key.pem"
	f := func(path string, want os.FileMode) {
		t.Helper()
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Perm()&^want|want, "%s is %s", path, info.Mode())
	}
	f(key, 0o600)
	f(archive.PublicKeyPath(key), 0o644)
	n := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		n++
		if entry.IsDir() {
			f(path, 0o750)
		} else {
			f(path, 0o640)
		}
		return nil
	}))
	assert.Greater(t, n, 4)
}
