package filefeed

import (
	"bytes"
	"compress/gzip"
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

// TestNoSecretIsStored: neither the beginning nor the end of a file is in the storage.
func TestNoSecretIsStored(t *testing.T) {
	dir, stored, s := t.TempDir(), t.TempDir(), feedtest.NewStore()
	const secret = "hunter2-in-the-clear"
	password := strings.Replace(feedtest.Document("g1"), `"attribute":"memberOf","value":"CN=g1"`, `"attribute":"password","value":"`+secret+`"`, 1)
	require.Contains(t, password, secret)
	write(t, dir, "a.ndjson", password+"\n")
	write(t, dir, "b.txt", secret+" and no JSON\n"+feedtest.Document("g2")+"\n"+secret)
	write(t, dir, "c.json", `{"password":"`+secret+`"`)
	r := start(t, s, stored, reading(dir))
	s.Eventually(t, 1, "g1", "g2")
	r.Stop()
	files := 0
	require.NoError(t, filepath.WalkDir(stored, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NotContains(t, string(data), secret, path)
		require.NotContains(t, string(data), "aHVudGVyMi", "in base64 neither")
		return nil
	}))
	require.Positive(t, files)
}

// TestOnlyRegularFilesAreOpened: pipes, sockets and devices neither block the feed nor its
// end, and the files beside them are read.
func TestOnlyRegularFilesAreOpened(t *testing.T) {
	dir, s := t.TempDir(), feedtest.NewStore()
	pipe := filepath.Join(dir, "a.pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	require.NoError(t, os.Symlink("a.pipe", filepath.Join(dir, "b.link")))
	socket, err := net.Listen("unix", filepath.Join(dir, "c.socket"))
	require.NoError(t, err)
	defer socket.Close()
	require.NoError(t, os.Symlink("/dev/zero", filepath.Join(dir, "d.device")))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "e.broken")))
	unreadable := write(t, dir, "f.json", feedtest.Document("secret"))
	require.NoError(t, os.Chmod(unreadable, 0))
	if _, err := os.ReadFile(unreadable); err == nil { // by root, it can be read
		require.NoError(t, os.Remove(unreadable))
	}
	write(t, dir, "z.json", feedtest.Document("g1"))
	r := start(t, s, t.TempDir(), reading(dir, pipe))
	s.Eventually(t, 1, "g1")
	for _, name := range []string{"a.pipe", "b.link", "c.socket", "d.device", "e.broken"} {
		require.Len(t, r.Logs.FilterMessageSnippet("the file is skipped").FilterField(pathField(filepath.Join(dir, name))).All(), 1, name)
	}
	r.Stop()
}

// TestSymbolicLinks: a link is followed within the included directory, and neither out of it
// nor behind another link; loops end.
func TestSymbolicLinks(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, "secret.json", feedtest.Document("outside"))
	dir, s := t.TempDir(), feedtest.NewStore()
	write(t, dir, "deep/er/a.json", feedtest.Document("a"))
	write(t, dir, "target/b.json", feedtest.Document("b"))
	link := func(target, name string) {
		require.NoError(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	link("..", "deep/up")
	link(".", "loop")
	link("loop", "loop2")
	link("self", "self")
	link(outside, "out")
	link(filepath.Join(outside, "secret.json"), "out.json")
	link("../../../../../../../../etc", "etc")
	link("target", "linked")
	configured := filepath.Join(t.TempDir(), "in")
	require.NoError(t, os.Symlink(dir, configured))
	start(t, s, t.TempDir(), reading(configured+"/"))
	s.Eventually(t, 1, "a", "b")

	one := feedtest.NewStore()
	start(t, one, t.TempDir(), reading(filepath.Join(dir, "linked", "*.json")))
	one.Eventually(t, 1, "b")

	named := feedtest.NewStore() // the setting itself may be a link to anywhere
	start(t, named, t.TempDir(), reading(filepath.Join(dir, "out.json")))
	named.Eventually(t, 1, "outside")
}

// TestLiteralPathWithBracket is read where it is a glob too, and refused where it is none.
func TestLiteralPathWithBracket(t *testing.T) {
	dir, s := t.TempDir(), feedtest.NewStore()
	start(t, s, t.TempDir(), reading(filepath.Join(dir, "export[1].json"), filepath.Join(dir, `more\[*.json`)))
	write(t, dir, "export[1].json", feedtest.Document("literal"))
	write(t, dir, "export1.json", feedtest.Document("glob"))
	write(t, dir, "more[7.json", feedtest.Document("escaped"))
	s.Eventually(t, 1, "literal", "glob", "escaped")
}

// TestCutGzipFile is reported once, and read when the whole file replaces it.
func TestCutGzipFile(t *testing.T) {
	content, groups := many(0, 3000)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for name, replace := range map[string]func(path string, whole []byte) error{
		"overwritten": func(path string, whole []byte) error { return os.WriteFile(path, whole, 0o600) },
		"renamed": func(path string, whole []byte) error {
			if err := os.WriteFile(path+".tmp", whole, 0o600); err != nil {
				return err
			}
			return os.Rename(path+".tmp", path)
		},
	} {
		for _, at := range []int{5, packed.Len() / 2, packed.Len() - 4} {
			t.Run(name, func(t *testing.T) {
				dir, s := t.TempDir(), feedtest.NewStore()
				path := write(t, dir, "a.json.gz", packed.String()[:at])
				r := start(t, s, t.TempDir(), func(cfg *Config) {
					reading(filepath.Join(dir, "*.gz"))(cfg)
					cfg.Compression, cfg.IncompleteTimeout = compressionAuto, 20*time.Millisecond
				})
				require.Eventually(t, func() bool { return len(s.Quarantine()) > 0 }, 10*time.Second, time.Millisecond)
				calls := s.Calls()
				require.NoError(t, replace(path, packed.Bytes()))
				s.Eventually(t, 1, groups...)
				last := s.Quarantine()[len(s.Quarantine())-1]
				require.Contains(t, last.Reason, "the compressed file is cut or damaged")
				require.Equal(t, path, last.File)
				require.Less(t, s.Calls(), calls+10, "nothing is repeated at each poll")
				require.Empty(t, r.Logs.FilterMessageSnippet("the file is skipped").All())
				r.Stop()
			})
		}
	}
}

// deaf is a next consumer that never returns, also when its context ends.
type deaf struct {
	*feedtest.Store
	called  chan struct{}
	release chan struct{}
}

func (d deaf) ConsumeLogs(context.Context, plog.Logs) error {
	close(d.called)
	<-d.release
	return nil
}

// TestShutdownEnds within its context's time, whatever the next consumer does.
func TestShutdownEnds(t *testing.T) {
	d := deaf{feedtest.NewStore(), make(chan struct{}), make(chan struct{})}
	env := feedtest.NewEnv(t, provisioning.FeedFile, d, t.TempDir())
	cfg := NewDefaultConfig()
	reading(write(t, t.TempDir(), "a.json", feedtest.Document("g1")))(&cfg)
	f := New(&cfg, env.Settings)
	require.NoError(t, f.Start(t.Context(), env.Host))
	<-d.called
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorContains(t, f.Shutdown(ctx), "did not stop in time")
	close(d.release)
	require.NoError(t, f.worker.Stop(t.Context()))
	env.Start()
}

// TestOverwrittenFile is read from its beginning, also where it has the same beginning or is
// longer than it was.
func TestOverwrittenFile(t *testing.T) {
	dir, s := t.TempDir(), feedtest.NewStore()
	content, groups := many(0, 100)
	path := write(t, dir, "a.ndjson", content)
	start(t, s, t.TempDir(), reading(dir))
	s.Eventually(t, 1, groups...)
	beginning, _ := many(0, 50) // longer than fingerprint_size
	other, second := many(500, 700)
	require.NoError(t, os.WriteFile(path, []byte(beginning+other), 0o600))
	groups = append(groups, second...)
	s.Eventually(t, 1, groups...)
	shorter, third := many(900, 910)
	require.NoError(t, os.WriteFile(path, []byte(shorter), 0o600))
	s.Eventually(t, 1, append(groups, third...)...)
	require.Empty(t, s.Quarantine())
}

// TestStartAtEnd skips what is there before the first start, and nothing else.
func TestStartAtEnd(t *testing.T) {
	dir, stored, s := t.TempDir(), t.TempDir(), feedtest.NewStore()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte(feedtest.Document("packed")))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	path := write(t, dir, "a.ndjson", feedtest.Document("old")+"\n")
	write(t, dir, "a.gz", packed.String())
	configure := func(cfg *Config) {
		reading(dir)(cfg)
		cfg.StartAt, cfg.Compression = startAtEnd, compressionAuto
	}
	env := feedtest.NewEnv(t, provisioning.FeedFile, s, stored)
	cfg := NewDefaultConfig()
	configure(&cfg)
	f := New(&cfg, env.Settings)
	env.Start(f)
	require.Eventually(t, func() bool {
		value, err := f.checkpoint.client.Get(t.Context(), keyStarted)
		return err == nil && value != nil
	}, 10*time.Second, time.Millisecond, "the first poll is over")
	add(t, path, feedtest.Document("new")+"\n")
	write(t, dir, "b.ndjson", feedtest.Document("later"))
	s.Eventually(t, 1, "new", "later")
	env.Stop()
	write(t, dir, "c.ndjson", feedtest.Document("meanwhile"))
	start(t, s, stored, configure)
	s.Eventually(t, 1, "new", "later", "meanwhile")
}

func TestConfigNamesTheGlob(t *testing.T) {
	f := func(want string, change func(*Config)) {
		t.Helper()
		cfg := NewDefaultConfig()
		cfg.Include = []string{"ok", "*.json"}
		require.NoError(t, cfg.Validate())
		change(&cfg)
		require.ErrorContains(t, cfg.Validate(), want)
	}
	f(`include[1] is "a[b.json"`, func(c *Config) { c.Include[1] = "a[b.json" })
	f(`include[0] is ""`, func(c *Config) { c.Include[0] = "" })
	f(`exclude[0] is "{x"`, func(c *Config) { c.Exclude = []string{"{x"} })
}

func pathField(path string) zap.Field { return zap.String("file", path) }
