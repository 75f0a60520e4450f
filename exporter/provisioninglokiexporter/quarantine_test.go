package provisioninglokiexporter

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func refusedEntries(t testing.TB, n int) []refusedEntry {
	t.Helper()
	ld, _ := activities(n)
	var out []refusedEntry
	for _, e := range (&entryMaker{static: map[string]string{"service_name": "provtrail"}}).entries(ld) {
		out = append(out, refusedEntry{e, &refusal{code: 400, answer: "entry too far behind"}})
	}
	return out
}

// quarantinedIDs reads the event ids of every line of a directory's files; a line
// that is no JSON counts as torn.
func quarantinedIDs(t testing.TB, directory string) (ids []string, torn int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "refused-*.ndjson"))
	require.NoError(t, err)
	for _, name := range files {
		f, err := os.Open(name)
		require.NoError(t, err)
		for lines := bufio.NewScanner(f); lines.Scan(); {
			var s struct {
				Values [][]json.RawMessage
			}
			if json.Unmarshal(lines.Bytes(), &s) != nil {
				torn++
				continue
			}
			var metadata map[string]string
			require.NoError(t, json.Unmarshal(s.Values[0][2], &metadata))
			ids = append(ids, metadata["event_id"])
		}
		require.NoError(t, f.Close())
	}
	return ids, torn
}

func TestQuarantineLineIsAStreamOfThePushAPI(t *testing.T) {
	q := quarantine{directory: t.TempDir(), now: func() time.Time { return noon }}
	require.NoError(t, q.open())
	refused := refusedEntries(t, 1)
	require.NoError(t, q.keep(refused))
	line, err := os.ReadFile(filepath.Join(q.directory, "refused-2026-03-14.ndjson"))
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(line, &got))
	assert.Equal(t, map[string]any{
		"kind": "provisioning", "service_name": "provtrail", "source": "Active Directory", "status": "Failed", "tenant": "acme",
	}, got["stream"])
	assert.Equal(t, map[string]any{
		"at": "2026-03-14T12:00:00.123Z", "code": 400.0, "reason": "too_old", "answer": "entry too far behind",
	}, got["refused"])
	value := got["values"].([]any)[0].([]any)
	assert.Equal(t, refused[0].push.Line, value[1])
	assert.Regexp(t, `^1773489600123\d{6}$`, value[0])
}

func TestQuarantineAppendsAfterATornLine(t *testing.T) {
	q := quarantine{directory: t.TempDir(), now: func() time.Time { return noon }}
	path := filepath.Join(q.directory, "refused-2026-03-14.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(`{"refused":{"at":`), 0o600))
	require.NoError(t, q.keep(refusedEntries(t, 2)))
	require.NoError(t, q.keep(refusedEntries(t, 3)))
	ids, torn := quarantinedIDs(t, q.directory)
	assert.Len(t, ids, 5)
	assert.Equal(t, 1, torn)
}

func TestQuarantineDirectoryMustBeWritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	q := quarantine{directory: filepath.Join(file, "sub")}
	require.ErrorContains(t, q.open(), "quarantine::directory")
}
