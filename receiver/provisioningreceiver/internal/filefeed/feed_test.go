package filefeed

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

func TestFileLayouts(t *testing.T) {
	dir, s := t.TempDir(), feedtest.NewStore()
	var pretty bytes.Buffer
	require.NoError(t, json.Indent(&pretty, []byte(feedtest.Document("pretty")), "", "  "))
	write(t, dir, "pretty.json", pretty.String())
	write(t, dir, "deep/er/array.json", "["+feedtest.Document("a1")+",\n"+feedtest.Document("a2")+"]")
	write(t, dir, "lines.ndjson", feedtest.Document("n1")+"\n"+feedtest.Document("n2")+"\r\n"+feedtest.Document("n3"))
	write(t, dir, "mixed.json", pretty.String()[:0]+feedtest.Document("m1")+"\n["+feedtest.Document("m2")+"]\n"+strings.ReplaceAll(pretty.String(), "pretty", "m3"))
	write(t, dir, "envelope.json", `{"hits":[`+feedtest.Document("h1")+`,`+feedtest.Document("h2")+`]}`)
	write(t, dir, "empty.json", "")
	write(t, dir, "blank.json", "\n \n[]")
	start(t, s, t.TempDir(), reading(dir))
	s.Eventually(t, 1, "pretty", "a1", "a2", "n1", "n2", "n3", "m1", "m2", "m3", "h1", "h2")
	require.Empty(t, s.Quarantine())
}

func TestFileThatGrowsAndRotates(t *testing.T) {
	dir, s := t.TempDir(), feedtest.NewStore()
	path := write(t, dir, "log.ndjson", feedtest.Document("g1")+"\n")
	start(t, s, t.TempDir(), reading(filepath.Join(dir, "*.ndjson")))
	s.Eventually(t, 1, "g1")
	// A document written slowly is waited for.
	torn := feedtest.Document("g2")
	add(t, path, torn[:50])
	add(t, path, torn[50:80])
	add(t, path, torn[80:]+"\n")
	s.Eventually(t, 1, "g1", "g2")
	// Rotated: what is written to the old file before and to the new one after is read.
	add(t, path, feedtest.Document("g3")+"\n")
	require.NoError(t, os.Rename(path, path+".1"))
	write(t, dir, "log.ndjson", feedtest.Document("g4")+"\n")
	s.Eventually(t, 1, "g1", "g2", "g3", "g4")
	require.Empty(t, s.Quarantine())
}

func TestTornDocumentGoesToQuarantineAfterItsTime(t *testing.T) {
	dir, s := t.TempDir(), feedtest.NewStore()
	path := write(t, dir, "torn.json", feedtest.Document("g1")+"\n"+feedtest.Document("g2")[:60])
	start(t, s, t.TempDir(), func(cfg *Config) {
		reading(path)(cfg)
		cfg.IncompleteTimeout = 50 * time.Millisecond
	})
	require.Eventually(t, func() bool { return len(s.Quarantine()) == 1 }, 10*time.Second, time.Millisecond)
	q := s.Quarantine()[0]
	require.Equal(t, feedtest.Document("g2")[:60], q.Original)
	require.EqualValues(t, len(feedtest.Document("g1"))+1, q.Position)
	require.Equal(t, path, q.File)
	require.Contains(t, q.Reason, "broken JSON")
	add(t, path, "\n"+feedtest.Document("g3"))
	s.Eventually(t, 1, "g1", "g3")
}

func TestBrokenInput(t *testing.T) {
	dir, s := t.TempDir(), feedtest.NewStore()
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
		write(t, dir, name, feedtest.Document("before-"+name)+"\n"+data+"\n"+feedtest.Document("after-"+name)+"\n")
		want = append(want, "before-"+name, "after-"+name)
	}
	start(t, s, t.TempDir(), func(cfg *Config) {
		reading(dir)(cfg)
		cfg.IncompleteTimeout = 500 * time.Millisecond // one is torn to the end of its file
	})
	s.Eventually(t, 1, want...)

	found := map[string]record.Quarantined{}
	for _, q := range s.Quarantine() {
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
		require.EqualValues(t, len(feedtest.Document("before-"+name))+1, q.Position, name)
		if name == "deep.json" {
			continue // cut where it is nested too deeply
		}
		require.EqualValues(t, len(data), q.Size, "%s: %s", name, q.Reason)
	}
	require.Equal(t, "id", found["types.json"].Field)
}

func TestDocumentLongerThanTheLimit(t *testing.T) {
	dir, s := t.TempDir(), feedtest.NewStore()
	long := `{"id":"` + strings.Repeat("x", 50_000) + `","items":[]}`
	write(t, dir, "long.json", feedtest.Document("g1")+"\n"+long+"\n"+feedtest.Document("g2")+"\n")
	start(t, s, t.TempDir(), func(cfg *Config) {
		reading(dir)(cfg)
		cfg.MaxDocumentSize = 16 << 10
	})
	s.Eventually(t, 1, "g1", "g2")
	pieces := s.Quarantine()
	total := int64(0)
	for _, q := range pieces {
		total += q.Size
	}
	require.EqualValues(t, len(feedtest.Document("g1"))+1, pieces[0].Position)
	require.Contains(t, pieces[0].Reason, "longer than max_document_size (16384 bytes)")
	require.EqualValues(t, len(long), total, "the pieces are the document")
}

func TestGzip(t *testing.T) {
	dir, s := t.TempDir(), feedtest.NewStore()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte("[" + feedtest.Document("z1") + "," + feedtest.Document("z2") + "]"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	write(t, dir, "a.json.gz", packed.String())
	write(t, dir, "b.json", feedtest.Document("plain"))
	stored := t.TempDir()
	r := start(t, s, stored, reading(dir))
	s.Eventually(t, 1, "plain")
	require.Eventually(t, func() bool { return len(s.Quarantine()) == 1 }, 10*time.Second, time.Millisecond)
	require.Contains(t, s.Quarantine()[0].Reason, "compression: auto", "what to do, not that it is no UTF-8")
	r.Stop()
	start(t, s, stored, func(cfg *Config) {
		reading(dir)(cfg)
		cfg.Compression = "auto"
	})
	s.Eventually(t, 1, "z1", "z2", "plain")
}

func TestResumesAfterRestart(t *testing.T) {
	dir, stored := t.TempDir(), t.TempDir()
	content, groups := many(0, 500)
	path := write(t, dir, "log.ndjson", content)
	first := feedtest.NewStore()
	r := start(t, first, stored, reading(path))
	first.Eventually(t, 1, groups...)
	r.Stop()

	content, groups = many(500, 600)
	add(t, path, content)
	second := feedtest.NewStore()
	start(t, second, stored, reading(path))
	second.Eventually(t, 1, groups...)
}

func TestRefusedDataIsRetried(t *testing.T) {
	for name, refusal := range map[string]error{
		"retryable": errors.New("busy"),
		"permanent": consumererror.NewPermanent(errors.New("no such table")),
	} {
		t.Run(name, func(t *testing.T) {
			dir, s := t.TempDir(), feedtest.NewStore()
			content, groups := many(0, 300)
			path := write(t, dir, "log.ndjson", content)
			refusals := 0
			s.SetRefuse(func() error {
				if refusals++; refusals <= 5 {
					return refusal
				}
				return nil
			})
			r := start(t, s, t.TempDir(), reading(path))
			s.Eventually(t, 1, groups...)
			want := "the next consumer did not accept the data"
			if name == "permanent" {
				want = "refused the data with a permanent error"
			}
			require.NotEmpty(t, r.Logs.FilterMessageSnippet(want).All())
		})
	}
}

// TestStoppedWhileRefused: what was read and not accepted is read after the next start.
func TestStoppedWhileRefused(t *testing.T) {
	dir, stored := t.TempDir(), t.TempDir()
	content, groups := many(0, 300)
	path := write(t, dir, "log.ndjson", content)
	s := feedtest.NewStore()
	s.SetRefuse(func() error { return errors.New("down") })
	r := start(t, s, stored, reading(path))
	require.Eventually(t, func() bool { return s.Calls() > 3 }, 10*time.Second, time.Millisecond)
	r.Stop()
	require.Empty(t, s.Groups())

	s.SetRefuse(nil)
	start(t, s, stored, reading(path))
	s.Eventually(t, 1, groups...)
}

func TestEmptyFileGoesToQuarantineOnce(t *testing.T) {
	dir, s := t.TempDir(), feedtest.NewStore()
	path := write(t, dir, "empty.json", "")
	write(t, dir, "left-out.json", "")
	start(t, s, t.TempDir(), func(cfg *Config) {
		reading(dir)(cfg)
		cfg.Exclude = []string{filepath.Join(dir, "left-out*")}
		cfg.IncompleteTimeout = 20 * time.Millisecond
	})
	require.Eventually(t, func() bool { return len(s.Quarantine()) == 1 }, 10*time.Second, time.Millisecond)
	q := s.Quarantine()[0]
	require.Equal(t, path, q.File)
	require.Contains(t, q.Reason, "the file is empty")

	add(t, path, feedtest.Document("g1")+"\n") // it was only late
	s.Eventually(t, 1, "g1")
	require.Len(t, s.Quarantine(), 1)
}

// TestFilesWithTheSameBeginning: the month so far, exported once more, and files that differ
// only behind their beginning are different files, whether they are there at the start,
// come while the collector runs, take a removed file's place while it is stopped, or grow.
func TestFilesWithTheSameBeginning(t *testing.T) {
	dir, stored := t.TempDir(), t.TempDir()
	begin, all := many(0, 20) // more than fingerprint_size
	more := func(from, to int) string {
		content, groups := many(from, to)
		all = append(all, groups...)
		return content
	}
	configure := func(cfg *Config) {
		reading(dir)(cfg)
		cfg.Compression = "auto"
	}
	first := write(t, dir, "m.ndjson", begin)
	s := feedtest.NewStore()
	r := start(t, s, stored, configure)
	s.Eventually(t, 1, all...)
	after := write(t, dir, "n.ndjson", begin+more(100, 110))
	s.Eventually(t, 1, all...)
	before := write(t, dir, "a.ndjson", begin+more(200, 260))
	s.Eventually(t, 1, all...)
	write(t, dir, "z.ndjson", begin+more(300, 301))
	for i, path := range []string{first, before, after} {
		add(t, path, more(400+10*i, 410+10*i))
	}
	s.Eventually(t, 1, all...)
	r.Stop()

	// One takes the place of another, with new content before the position in the other.
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
	r = start(t, s, stored, configure)
	s.Eventually(t, 1, all...)
	require.NoError(t, os.Remove(first))
	write(t, dir, "m2.ndjson", begin+more(800, 900))
	s.Eventually(t, 1, all...)
	require.Empty(t, s.Quarantine())
	r.Stop()

	// What was accepted is not read once more.
	restarted := feedtest.NewStore()
	start(t, restarted, stored, configure)
	write(t, dir, "last.ndjson", feedtest.Document("last"))
	restarted.Eventually(t, 1, "last")
}

func TestRenamedFileIsReadOnce(t *testing.T) {
	dir, stored := t.TempDir(), t.TempDir()
	content, groups := many(0, 50)
	path := write(t, dir, "log.ndjson", content)
	s := feedtest.NewStore()
	r := start(t, s, stored, reading(dir))
	s.Eventually(t, 1, groups...)
	r.Stop()
	require.NoError(t, os.Rename(path, filepath.Join(dir, "log.ndjson.1")))
	restarted := feedtest.NewStore()
	start(t, restarted, stored, reading(dir))
	write(t, dir, "last.ndjson", feedtest.Document("last"))
	restarted.Eventually(t, 1, "last")
}

// TestDamagedCheckpoint: whatever is stored, the file is read from the beginning.
func TestDamagedCheckpoint(t *testing.T) {
	for _, text := range []string{`{"1":null}`, `null`, "", "\x01\x02\x00\x00\x00"} {
		dir, stored, s := t.TempDir(), t.TempDir(), feedtest.NewStore()
		content, groups := many(0, 50)
		write(t, dir, "a.ndjson", content)
		r := start(t, s, stored, reading(dir))
		s.Eventually(t, 1, groups...)
		r.Stop()
		env := feedtest.NewEnv(t, provisioning.FeedFile, s, stored)
		client, err := env.OpenStorage(t.Context(), env.Host, "file")
		require.NoError(t, err)
		require.NoError(t, client.(storage.Walker).Walk(t.Context(), func(key string, _ []byte) ([]*storage.Operation, error) {
			return []*storage.Operation{storage.SetOperation(key, []byte(text))}, nil
		}))
		require.NoError(t, client.Close(t.Context()))
		env.Stop()
		after := feedtest.NewStore()
		r = start(t, after, stored, reading(dir))
		after.Eventually(t, 1, groups...)
		require.NotEmpty(t, r.Logs.FilterMessageSnippet("stored position in a file is damaged").All())
		r.Stop()
	}
}
