package provisioningreceiver

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func add(t *testing.T, path, content string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(content)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func TestFileLayouts(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	var pretty bytes.Buffer
	require.NoError(t, json.Indent(&pretty, []byte(document("pretty")), "", "  "))
	write(t, dir, "pretty.json", pretty.String())
	write(t, dir, "deep/er/array.json", "["+document("a1")+",\n"+document("a2")+"]")
	write(t, dir, "lines.ndjson", document("n1")+"\n"+document("n2")+"\r\n"+document("n3"))
	write(t, dir, "mixed.json", pretty.String()[:0]+document("m1")+"\n["+document("m2")+"]\n"+strings.ReplaceAll(pretty.String(), "pretty", "m3"))
	write(t, dir, "envelope.json", `{"hits":[`+document("h1")+`,`+document("h2")+`]}`)
	write(t, dir, "empty.json", "")
	write(t, dir, "blank.json", "\n \n[]")
	startReceiver(t, s, t.TempDir(), reading(dir))
	s.eventually(t, 1, "pretty", "a1", "a2", "n1", "n2", "n3", "m1", "m2", "m3", "h1", "h2")
	require.Empty(t, s.quarantine())
}

func TestFileThatGrowsAndRotates(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	path := write(t, dir, "log.ndjson", document("g1")+"\n")
	startReceiver(t, s, t.TempDir(), reading(filepath.Join(dir, "*.ndjson")))
	s.eventually(t, 1, "g1")
	// A document written slowly is waited for.
	torn := document("g2")
	add(t, path, torn[:50])
	add(t, path, torn[50:80])
	add(t, path, torn[80:]+"\n")
	s.eventually(t, 1, "g1", "g2")
	// Rotated: what is written to the old file before and to the new one after is read.
	add(t, path, document("g3")+"\n")
	require.NoError(t, os.Rename(path, path+".1"))
	write(t, dir, "log.ndjson", document("g4")+"\n")
	s.eventually(t, 1, "g1", "g2", "g3", "g4")
	require.Empty(t, s.quarantine())
}

func TestTornDocumentGoesToQuarantineAfterItsTime(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	path := write(t, dir, "torn.json", document("g1")+"\n"+document("g2")[:60])
	startReceiver(t, s, t.TempDir(), func(cfg *Config) {
		reading(path)(cfg)
		cfg.File.Get().IncompleteAfter = 50 * time.Millisecond
	})
	require.Eventually(t, func() bool { return len(s.quarantine()) == 1 }, 10*time.Second, time.Millisecond)
	q := s.quarantine()[0]
	require.Equal(t, document("g2")[:60], q.Original)
	require.EqualValues(t, len(document("g1"))+1, q.Position)
	require.Equal(t, path, q.File)
	require.Contains(t, q.Reason, "broken JSON")
	add(t, path, "\n"+document("g3"))
	s.eventually(t, 1, "g1", "g3")
}

func TestBrokenInput(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	noise := make([]byte, 5000)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(noise)
	noise = bytes.ReplaceAll(noise, []byte("\n{"), []byte("xx"))
	bad := map[string]string{ // file: what stands between two good documents
		"truncated.json": `{"id":"t","items":[{"id":"x","prov`,
		"in_array.json":  `{"id":"t","items":[`,
		"types.json":     `{"id":42,"items":[]}`,
		"nulls.json":     `{"id":null,"created":null,"items":[null,{}]}`,
		"utf8.json":      "{\"id\":\"\xff\xfe\",\"items\":[]}",
		"shape.json":     `{"hello":"world"}`,
		"text.json":      `this is no JSON`,
		"long.json":      `{"id":"` + strings.Repeat("x", 20000) + `","items":"none"}`,
		"binary.bin":     "\x00\x01" + string(noise),
		"deep.json":      `{"id":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`,
	}
	var want []string
	for name, data := range bad {
		write(t, dir, name, document("before-"+name)+"\n"+data+"\n"+document("after-"+name)+"\n")
		want = append(want, "before-"+name, "after-"+name)
	}
	startReceiver(t, s, t.TempDir(), func(cfg *Config) {
		reading(dir)(cfg)
		cfg.File.Get().IncompleteAfter = 500 * time.Millisecond // one is torn to the end of its file
	})
	s.eventually(t, 1, want...)

	found := map[string]record.Quarantined{}
	for _, q := range s.quarantine() {
		name := filepath.Base(q.File)
		if first, ok := found[name]; !ok || q.Position < first.Position {
			found[name] = q
		}
		require.NotEmpty(t, q.Reason)
		require.Equal(t, "acme", q.Tenant)
		require.Equal(t, provisioning.FeedFile, q.Feed)
	}
	for name, data := range bad {
		q, ok := found[name]
		require.True(t, ok, "%s is not in the quarantine", name)
		require.EqualValues(t, len(document("before-"+name))+1, q.Position, name)
		if name == "deep.json" {
			continue // cut where it is nested too deeply
		}
		require.EqualValues(t, len(data), q.Size, "%s: %s", name, q.Reason)
	}
	require.Equal(t, "id", found["types.json"].Field)
	require.Equal(t, "id", found["types.json"].Field)
}

func TestDocumentLongerThanTheLimit(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	long := `{"id":"` + strings.Repeat("x", 50_000) + `","items":[]}`
	write(t, dir, "long.json", document("g1")+"\n"+long+"\n"+document("g2")+"\n")
	startReceiver(t, s, t.TempDir(), func(cfg *Config) {
		reading(dir)(cfg)
		cfg.File.Get().MaxDocumentSize = 16 << 10
	})
	s.eventually(t, 1, "g1", "g2")
	pieces := s.quarantine()
	total := int64(0)
	for _, q := range pieces {
		total += q.Size
	}
	require.EqualValues(t, len(document("g1"))+1, pieces[0].Position)
	require.Contains(t, pieces[0].Reason, "longer than max_document_size (16384 bytes)")
	require.EqualValues(t, len(long), total, "the pieces are the document")
}

func TestGzip(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte("[" + document("z1") + "," + document("z2") + "]"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	write(t, dir, "a.json.gz", packed.String())
	write(t, dir, "b.json", document("plain"))
	startReceiver(t, s, t.TempDir(), func(cfg *Config) {
		reading(dir)(cfg)
		cfg.File.Get().Compression = "auto"
	})
	s.eventually(t, 1, "z1", "z2", "plain")
}

func many(from, to int) (content string, groups []string) {
	var b strings.Builder
	for i := from; i < to; i++ {
		group := fmt.Sprintf("g%06d", i)
		groups = append(groups, group)
		b.WriteString(document(group) + "\n")
	}
	return b.String(), groups
}

func TestResumesAfterRestart(t *testing.T) {
	dir, stored := t.TempDir(), t.TempDir()
	content, groups := many(0, 500)
	path := write(t, dir, "log.ndjson", content)
	first := newStore()
	r := startReceiver(t, first, stored, reading(path))
	first.eventually(t, 1, groups...)
	r.stop()

	content, groups = many(500, 600)
	add(t, path, content)
	second := newStore()
	startReceiver(t, second, stored, reading(path))
	second.eventually(t, 1, groups...)
}

func TestRefusedDataIsTriedAgain(t *testing.T) {
	for name, refusal := range map[string]error{
		"retryable": errors.New("busy"),
		"permanent": consumererror.NewPermanent(errors.New("no such table")),
	} {
		t.Run(name, func(t *testing.T) {
			dir, s := t.TempDir(), newStore()
			content, groups := many(0, 300)
			path := write(t, dir, "log.ndjson", content)
			refusals := 0
			s.refuse = func() error {
				if refusals++; refusals <= 5 {
					return refusal
				}
				return nil
			}
			r := startReceiver(t, s, t.TempDir(), reading(path))
			s.eventually(t, 1, groups...)
			want := "the next consumer did not accept the data"
			if name == "permanent" {
				want = "refused the data and calls it permanent"
			}
			require.NotEmpty(t, r.logs.FilterMessageSnippet(want).All())
		})
	}
}

// TestStoppedWhileRefused: what was read and never accepted is read again.
func TestStoppedWhileRefused(t *testing.T) {
	dir, stored := t.TempDir(), t.TempDir()
	content, groups := many(0, 300)
	path := write(t, dir, "log.ndjson", content)
	s := newStore()
	s.refuse = func() error { return errors.New("down") }
	r := startReceiver(t, s, stored, reading(path))
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.calls > 3
	}, 10*time.Second, time.Millisecond)
	r.stop()
	require.Empty(t, s.groups())

	s.setRefuse(nil)
	startReceiver(t, s, stored, reading(path))
	s.eventually(t, 1, groups...)
}

func TestEmptyFileGoesToQuarantineOnce(t *testing.T) {
	dir, s := t.TempDir(), newStore()
	path := write(t, dir, "empty.json", "")
	write(t, dir, "left-out.json", "")
	startReceiver(t, s, t.TempDir(), func(cfg *Config) {
		reading(dir)(cfg)
		cfg.File.Get().Exclude = []string{filepath.Join(dir, "left-out*")}
		cfg.File.Get().IncompleteAfter = 20 * time.Millisecond
	})
	require.Eventually(t, func() bool { return len(s.quarantine()) == 1 }, 10*time.Second, time.Millisecond)
	q := s.quarantine()[0]
	require.Equal(t, path, q.File)
	require.Contains(t, q.Reason, "the file is empty")

	add(t, path, document("g1")+"\n") // it was only late
	s.eventually(t, 1, "g1")
	require.Len(t, s.quarantine(), 1)
}

// TestFilesThatBeginAlike: the month so far, exported once more; a file and one that
// differs from it only after its begin; what is there when the collector starts, what
// comes while it runs, what takes a removed file's place while it is stopped, what grows.
func TestFilesThatBeginAlike(t *testing.T) {
	dir, stored := t.TempDir(), t.TempDir()
	begin, all := many(0, 20) // more than fingerprint_size
	more := func(from, to int) string {
		content, groups := many(from, to)
		all = append(all, groups...)
		return content
	}
	configure := func(cfg *Config) {
		reading(dir)(cfg)
		cfg.File.Get().Compression = "auto"
	}
	first := write(t, dir, "m.ndjson", begin)
	s := newStore()
	r := startReceiver(t, s, stored, configure)
	s.eventually(t, 1, all...)
	after := write(t, dir, "n.ndjson", begin+more(100, 110))
	s.eventually(t, 1, all...)
	before := write(t, dir, "a.ndjson", begin+more(200, 260))
	s.eventually(t, 1, all...)
	write(t, dir, "z.ndjson", begin+more(300, 301))
	for i, path := range []string{first, before, after} {
		add(t, path, more(400+10*i, 410+10*i))
	}
	s.eventually(t, 1, all...)
	r.stop()

	// One takes the place of another, with the rest of it ahead of where that was read to.
	require.NoError(t, os.Remove(before))
	write(t, dir, "a.ndjson", begin+more(500, 600))
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte(begin + more(600, 610)))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	write(t, dir, "old.ndjson.gz", packed.String())
	require.NoError(t, os.Rename(after, after+".1"))
	add(t, after+".1", more(700, 710))
	r = startReceiver(t, s, stored, configure)
	s.eventually(t, 1, all...)
	require.NoError(t, os.Remove(first))
	write(t, dir, "m2.ndjson", begin+more(800, 900))
	s.eventually(t, 1, all...)
	require.Empty(t, s.quarantine())
	r.stop()

	// What was read is not read once more.
	again := newStore()
	startReceiver(t, again, stored, configure)
	write(t, dir, "last.ndjson", document("last"))
	again.eventually(t, 1, "last")
}

// TestRenamedFileIsNotReadAgain: it begins as it did, and is the same file.
func TestRenamedFileIsNotReadAgain(t *testing.T) {
	dir, stored := t.TempDir(), t.TempDir()
	content, groups := many(0, 50)
	path := write(t, dir, "log.ndjson", content)
	s := newStore()
	r := startReceiver(t, s, stored, reading(dir))
	s.eventually(t, 1, groups...)
	r.stop()
	require.NoError(t, os.Rename(path, filepath.Join(dir, "log.ndjson.1")))
	again := newStore()
	startReceiver(t, again, stored, reading(dir))
	write(t, dir, "last.ndjson", document("last"))
	again.eventually(t, 1, "last")
}

// TestDamagedBeginnings: what is kept of them is noted anew, whatever stands there.
func TestDamagedBeginnings(t *testing.T) {
	for _, text := range []string{`{"1":null}`, `null`, `[`, "\x00"} {
		dir, stored, s := t.TempDir(), t.TempDir(), newStore()
		content, groups := many(0, 50)
		write(t, dir, "a.ndjson", content)
		r := startReceiver(t, s, stored, reading(dir))
		s.eventually(t, 1, groups...)
		require.NoError(t, r.receiver.feeds[0].(*fileFeed).stored.Set(t.Context(), headsKey, []byte(text)))
		r.stop()
		r = startReceiver(t, s, stored, reading(dir))
		write(t, dir, "b.ndjson", content+document("more"))
		s.eventually(t, 1, append(groups, "more")...)
		r.stop()
	}
}
