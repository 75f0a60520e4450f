package provisioningclickhouseexporter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/provtrail/provtrail/internal/clickhousetest"
)

// withUsers is a server's configuration with users that may not do everything.
func withUsers(t *testing.T) clickhousetest.Option {
	t.Helper()
	folder := t.TempDir()
	user := func(name, password, profile, grants string) string {
		return fmt.Sprintf("<%[1]s><password>%[2]s</password><networks><ip>127.0.0.1</ip></networks><profile>%[3]s</profile><quota>default</quota>%[4]s</%[1]s>", name, password, profile, grants)
	}
	users := filepath.Join(folder, "users.xml")
	require.NoError(t, os.WriteFile(users, []byte("<clickhouse><profiles><default><log_queries>1</log_queries>"+
		"<query_profiler_real_time_period_ns>0</query_profiler_real_time_period_ns><query_profiler_cpu_time_period_ns>0</query_profiler_cpu_time_period_ns></default>"+
		"<readonly><readonly>1</readonly></readonly><small><max_memory_usage>100000</max_memory_usage><max_untracked_memory>1</max_untracked_memory></small></profiles>"+
		"<quotas><default/></quotas><users>"+user("default", "", "default", "")+user("reader", "", "readonly", "")+user("little", "", "small", "")+
		user("weak", "", "default", "<grants><query>GRANT SELECT ON *.*</query></grants>")+user("secret", "right", "default", "")+"</users></clickhouse>"), 0o600))
	path := filepath.Join(folder, "config.xml")
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, "<clickhouse><users_config>%s</users_config></clickhouse>", users), 0o600))
	return clickhousetest.WithConfigFile(path)
}

// TestUsersThatMayNot: what fails for the user's sake is kept, nothing goes to the
// quarantine, and when the user may, every view is as it would have been.
func TestUsersThatMayNot(t *testing.T) {
	server := clickhousetest.StartOwn(t, withUsers(t))
	list, groups := history(100)
	truth := startOn(t, server, server.Database(t))
	require.NoError(t, truth.pushLogs(t.Context(), logsOf(list, groups)))
	want := counts(t, truth)
	try := func(user, text string) {
		t.Helper()
		good := startOn(t, server, server.Database(t))
		require.NoError(t, good.tables.ensure(t.Context()))
		bad := startOn(t, server, good.cfg.Database, func(c *Config) { c.Username, c.CreateSchema = user, false })
		err := bad.pushLogs(t.Context(), logsOf(list, groups))
		require.ErrorContains(t, err, text, user)
		require.ErrorContains(t, err, "kept and sent again")
		require.Equal(t, temporary, classify(err))
		require.Zero(t, one[uint64](t, good, "SELECT count() FROM quarantine WHERE reason != 'bad'"))
		require.NoError(t, good.pushLogs(t.Context(), logsOf(list, groups)), "the same batch, when it may be stored")
		require.Equal(t, want, counts(t, good), user)
	}
	try("reader", "readonly")
	try("weak", "Not enough privileges")
	try("little", "MEMORY_LIMIT")

	// Without the right to make tables, it says so.
	weak := startOn(t, server, server.Database(t), func(c *Config) { c.Username = "weak" })
	require.ErrorContains(t, weak.pushLogs(t.Context(), logsOf(list, groups)), "prepare database")

	t.Run("wrong password", func(t *testing.T) {
		login := func(password string) *fixture {
			return startOn(t, server, truth.cfg.Database, func(c *Config) { c.Username, c.Password = "secret", configopaque.String(password) })
		}
		require.NoError(t, login("right").pushLogs(t.Context(), logsOf(list, groups)))
		wrong := login("wrong")
		err := wrong.pushLogs(t.Context(), logsOf(list, groups))
		require.Error(t, err)
		require.Equal(t, temporary, classify(err))
		require.NotContains(t, err.Error(), "wrong", "no password in the log")
		require.NoError(t, login("right").pushLogs(t.Context(), logsOf(list, groups)))
		require.Equal(t, want, counts(t, startOn(t, server, truth.cfg.Database)))
	})
}

// TestSlowServer: an insert that takes longer than timeout is sent again, half applied
// or not, until the server is quick, and counts once.
func TestSlowServer(t *testing.T) {
	f := start(t)
	list, groups := history(50)
	require.NoError(t, f.tables.ensure(t.Context()))
	require.NoError(t, f.conn.Exec(t.Context(), "CREATE MATERIALIZED VIEW slow ENGINE = Null AS SELECT sleep(3) AS s FROM provisioning_observations"))
	cfg := clusterConfig([]*clickhousetest.Server{serverOf(t)}, func(c *Config) {
		c.Cluster, c.Database, c.Timeout = createDefaultConfig().(*Config).Cluster, f.cfg.Database, 2*time.Second
	})
	logs := startExporter(t, cfg)
	for i := range 50 {
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(list[i*4:i*4+4], groups[i*2:i*2+2])))
	}
	require.Eventually(t, func() bool { return one[uint64](t, f, "SELECT count() FROM quarantine") > 0 }, 20*time.Second, 20*time.Millisecond)
	require.NoError(t, f.conn.Exec(t.Context(), "DROP VIEW slow SYNC"))
	truth := start(t)
	require.NoError(t, truth.pushLogs(t.Context(), logsOf(list, groups)))
	want := counts(t, truth)
	require.Eventually(t, func() bool {
		return one[uint64](t, f, "SELECT count() FROM observations") == uint64(len(list)) && one[uint64](t, f, "SELECT count() FROM groups") == 50 &&
			one[int64](t, f, "SELECT sum(committed_count) FROM groups") == 50 && one[uint64](t, f, "SELECT count() FROM activities") == 50
	}, 60*time.Second, 100*time.Millisecond)
	require.Equal(t, want, counts(t, f))
}

// TestDiskFull: a disk of 64 MiB that somebody filled. Where this user may not mount one,
// the server's own limit stands in for it.
func TestDiskFull(t *testing.T) {
	folder := t.TempDir()
	mounted := exec.Command("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder).Run() == nil
	if mounted {
		t.Cleanup(func() { require.NoError(t, exec.Command("umount", folder).Run()) })
	}
	server := clickhousetest.StartOwn(t, clickhousetest.WithFolder(folder))
	f := startOn(t, server, server.Database(t))
	require.NoError(t, f.tables.ensure(t.Context()))
	stuffing := filepath.Join(folder, "stuffing")
	fill, empty := func() { fillDisk(t, stuffing) }, func() { require.NoError(t, os.Remove(stuffing)) }
	if !mounted {
		fill = func() {
			require.NoError(t, f.conn.Exec(t.Context(), "ALTER TABLE provisioning_observations MODIFY SETTING min_free_disk_bytes_to_perform_insert = 1000000000000000"))
		}
		empty = func() {
			require.NoError(t, f.conn.Exec(t.Context(), "ALTER TABLE provisioning_observations RESET SETTING min_free_disk_bytes_to_perform_insert"))
		}
	}
	list, groups := history(100)
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list[:40], groups[:20])))
	fill()
	err := f.pushLogs(t.Context(), logsOf(list, groups))
	require.Error(t, err)
	require.Equal(t, temporary, classify(err))
	require.True(t, strings.Contains(err.Error(), "NOT_ENOUGH_SPACE") || strings.Contains(err.Error(), "No space left"), err)
	empty()
	require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)))
	truth := start(t)
	require.NoError(t, truth.pushLogs(t.Context(), logsOf(list, groups)))
	require.Equal(t, counts(t, truth), counts(t, f))
}

func fillDisk(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close()
	for size := 1 << 20; size > 0; size >>= 1 {
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, size))
		}
	}
}

func TestCompressions(t *testing.T) {
	list, groups := history(20)
	want := ""
	for name := range compressions {
		f := start(t, func(c *Config) { c.Compression = name })
		require.NoError(t, f.pushLogs(t.Context(), logsOf(list, groups)), name)
		got := fmt.Sprint(counts(t, f))
		if want == "" {
			want = got
		}
		require.Equal(t, want, got, name)
	}
}
