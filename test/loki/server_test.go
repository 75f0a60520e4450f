package loki

import (
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// root is the folder of the repository.
const root = "../.."

// server is one Loki with the configuration of deploy/compose, its folders and ports
// moved, so that the file that users start with is what is tested.
type server struct {
	URL     string
	dir     string
	flags   []string
	process *exec.Cmd
}

// startLoki starts a Loki; flags set or override its settings.
func startLoki(t *testing.T, flags ...string) *server {
	dir := t.TempDir()
	port, internal := freePort(t), freePort(t)
	rules := filepath.Join(dir, "rules")
	require.NoError(t, os.MkdirAll(filepath.Join(rules, "fake"), 0o750))
	text, err := os.ReadFile(filepath.Join(root, "deploy/compose/loki.yaml"))
	require.NoError(t, err)
	moved := strings.NewReplacer("/etc/loki/rules", rules, "/loki", dir, "3100", port,
		"common:\n", "common:\n  instance_addr: 127.0.0.1\n").Replace(string(text))
	config := filepath.Join(dir, "loki.yaml")
	require.NoError(t, os.WriteFile(config, []byte(moved), 0o600))
	s := &server{URL: "http://127.0.0.1:" + port, dir: dir}
	s.flags = append([]string{
		"-config.file=" + config, "-config.expand-env=false",
		"-server.http-listen-address=127.0.0.1", "-server.grpc-listen-address=127.0.0.1", "-server.grpc-listen-port=" + internal,
		"-ingester.min-ready-duration=0s", "-log.level=error",
	}, flags...)
	return s
}

// run starts the process and waits until it takes entries and answers queries.
func (s *server) run(t *testing.T, more ...string) {
	binary, err := filepath.Abs(filepath.Join(root, ".tools/bin/loki"))
	require.NoError(t, err)
	s.process = exec.CommandContext(t.Context(), binary, append(s.flags, more...)...)
	log, err := os.Create(filepath.Join(s.dir, "loki.log"))
	require.NoError(t, err)
	s.process.Stdout, s.process.Stderr = log, log
	require.NoError(t, s.process.Start(), "make test-loki builds it")
	require.NoError(t, log.Close())
	process := s.process
	t.Cleanup(func() { kill(process) })
	require.Eventually(t, func() bool {
		resp, err := http.Get(s.URL + "/ready")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, 90*time.Second, 100*time.Millisecond, "Loki is ready; its log: %s", log.Name())
}

// kill ends the process as a crash does.
func kill(process *exec.Cmd) {
	_ = process.Process.Kill() // it may have ended
	_ = process.Wait()
}

// get reads a JSON answer of Loki's API.
func (s *server) get(t *testing.T, path string, query url.Values, into any) {
	resp, err := http.Get(s.URL + path + "?" + query.Encode())
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s: %s", path, body)
	require.NoError(t, json.Unmarshal(body, into), "%s: %s", path, body)
}

// stored is one entry as a query returns it: labels and structured metadata together.
type stored struct {
	metadata map[string]string
	at       time.Time
	line     string
}

// entries are those that the selector finds between two times.
func (s *server) entries(t *testing.T, selector string, from, to time.Time) []stored {
	var answer struct {
		Data struct {
			Result []struct {
				Stream map[string]string
				Values [][2]string
			}
		}
	}
	s.get(t, "/loki/api/v1/query_range", url.Values{
		"query": {selector}, "limit": {"5000"}, "start": {nano(from)}, "end": {nano(to)},
	}, &answer)
	var out []stored
	for _, stream := range answer.Data.Result {
		for _, v := range stream.Values {
			ns, err := strconv.ParseInt(v[0], 10, 64)
			require.NoError(t, err)
			out = append(out, stored{maps.Clone(stream.Stream), time.Unix(0, ns), v[1]})
		}
	}
	return out
}

// ids are the event ids of all entries, each as often as it is there.
func (s *server) ids(t *testing.T, from time.Time) []string {
	var out []string
	for _, e := range s.entries(t, `{service_name="provtrail"}`, from, time.Now().Add(time.Minute)) {
		out = append(out, e.metadata["event_id"])
	}
	return out
}

func nano(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

func freePort(t *testing.T) string {
	addresses, err := blackbox.FreePorts(1)
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(addresses[0])
	require.NoError(t, err)
	return port
}
