package filefeed

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

const headings = "Tracking Number,Status,Created,Recipient,Sources\n"

func exported(group string) string {
	return group + ",committed,2026-11-20T18:45:00Z,Nadia Okafor,Harbor AD\n"
}

func zipped(t *testing.T, members map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range members {
		member, err := w.Create(name)
		require.NoError(t, err)
		_, err = member.Write([]byte(content))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

// TestExports of the vendor's user interface are read, and again when they change.
func TestExports(t *testing.T) {
	dir, stored, s := t.TempDir(), t.TempDir(), feedtest.NewStore()
	path := write(t, dir, "a.csv", headings+exported("c1")+"c2,comm")
	write(t, dir, "b.zip", zipped(t, map[string]string{
		"Account Activity.csv": "\ufeff" + headings + exported("z1") + exported("z2"), "more/list.ndjson": feedtest.Document("z3"),
	}))
	configure := func(c *Config) {
		reading(dir)(c)
		c.Columns = map[string]string{"Ticket": "tracking_number"}
	}
	write(t, dir, "own.csv", "Ticket;Status;Created\nown;failed;2026-11-20T18:45:00Z\n")
	r := start(t, s, stored, configure)
	s.Eventually(t, 1, "c1", "z1", "z2", "z3", "own")
	add(t, path, "itted,2026-11-20T18:45:00Z,x,y\n"+exported("c3"))
	s.Eventually(t, 1, "c1", "c2", "c3", "z1", "z2", "z3", "own")
	require.Empty(t, s.Quarantine())
	r.Stop()

	again := feedtest.NewStore()
	start(t, again, stored, configure)
	write(t, dir, "later.json", feedtest.Document("later"))
	again.Eventually(t, 1, "later")
}

// TestExportWithoutTheColumns is one quarantine record, whatever its length, also over a restart.
func TestExportWithoutTheColumns(t *testing.T) {
	dir, stored, s := t.TempDir(), t.TempDir(), feedtest.NewStore()
	events := "Created,Name,Actor,Target,Operation,Status\n"
	for range 1000 {
		events += "2026-11-20T22:58:41.214Z,Modify Account Failed,ivo,Nadia Okafor,MODIFY,FAILED\n"
	}
	path := write(t, dir, "a.csv", events)
	packed := write(t, dir, "b.zip", zipped(t, map[string]string{"Events.csv": events}))
	write(t, dir, "good.csv", headings+exported("good"))
	r := start(t, s, stored, reading(dir))
	s.Eventually(t, 1, "good")
	r.Stop()
	start(t, s, stored, reading(dir))
	write(t, dir, "later.json", feedtest.Document("later"))
	s.Eventually(t, 1, "good", "later")
	files := map[string]string{}
	for _, q := range s.Quarantine() {
		files[q.File] = q.Reason
	}
	reason := "CSV export: configure `columns`, or pick more columns for the export: none is known for tracking_number"
	require.Equal(t, map[string]string{path: reason, packed + "!Events.csv": reason}, files)
	require.Len(t, s.Quarantine(), 2)
}

// TestCutZip waits for the rest.
func TestCutZip(t *testing.T) {
	dir, s := t.TempDir(), feedtest.NewStore()
	whole := zipped(t, map[string]string{"a.csv": headings + exported("z1")})
	path := write(t, dir, "a.zip", whole[:len(whole)/2])
	write(t, dir, "b.json", feedtest.Document("b"))
	start(t, s, t.TempDir(), reading(dir))
	s.Eventually(t, 1, "b")
	require.NoError(t, os.WriteFile(filepath.Clean(path), []byte(whole), 0o600))
	s.Eventually(t, 1, "b", "z1")
	require.Empty(t, s.Quarantine())
}
