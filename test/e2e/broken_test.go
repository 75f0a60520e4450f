package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// activity is one line: a REST account activity with one item.
func activity(id, status string) string {
	return fmt.Sprintf(`{"id":%[1]q,"name":%[1]q,"created":"2026-11-02T10:00:00.000Z","modified":"2026-11-02T10:05:00.000Z",`+
		`"completionStatus":null,"executionStatus":"EXECUTING","type":"appRequest",`+
		`"targetIdentitySummary":{"id":"i1","name":"Ada Lovelace"},`+
		`"items":[{"id":"item-%[1]s","name":"item","requested":"2026-11-02T10:00:00.000Z","provisioningStatus":%[2]q,`+
		`"operation":"ADD","attribute":"memberOf","value":"CN=Sales","nativeIdentity":"CN=Ada",`+
		`"sourceId":"954a86eedfefd5e52e6cd9feaf6e17d1"}]}`, id, status)
}

// between puts bad text between two good lines, so that what surrounds it must survive.
func between(name string, bad string) (text string, good []string) {
	first, last := "good-before-"+name, "good-after-"+name
	return activity(first, "FINISHED") + "\n" + bad + "\n" + activity(last, "COMMITED") + "\n", []string{first, last}
}

func TestBrokenInputIsQuarantinedAndTheRestGoesOn(t *testing.T) {
	c := newCollector(t)
	c.start(t)
	c.healthy(t)

	bad := map[string]string{
		"truncated":  `{"id":"t1","items":[{"id":"x","provisioningStatus":"FINI`,
		"wrongtypes": strings.Replace(activity("w1", "FINISHED"), `"items":[`, `"items":[7,`, 1),
		"notshape":   `{"hello":"world"}`,
		"hugeline":   `{"id":"h1","pad":"` + strings.Repeat("x", 50<<20) + `"}`,
		"invalid8":   strings.Replace(activity("u1", "FINISHED"), "Ada Lovelace", "Ada \xff\xfe", 1),
		"nullid":     strings.Replace(activity("n1", "FINISHED"), `"id":"n1"`, `"id":null`, 1),
	}
	var good []string
	for name, text := range bad {
		text, ids := between(name, text)
		good = append(good, ids...)
		require.NoError(t, os.WriteFile(c.path("input", name+".ndjson"), []byte(text), 0o600))
	}
	unknown, ids := between("unknown", activity("unknown-status", "LIMBO"))
	good = append(good, append(ids, "unknown-status")...)
	require.NoError(t, os.WriteFile(c.path("input", "unknown.ndjson"), []byte(unknown), 0o600))
	require.NoError(t, os.WriteFile(c.path("input", "empty.json"), nil, 0o600))
	binary := bytes.Repeat([]byte{0x7f, 'E', 'L', 'F', 0, 1, 2, 0xfe}, 4096)
	require.NoError(t, os.WriteFile(c.path("input", "binary.json"), binary, 0o600))

	quoted := "'" + strings.Join(good, "','") + "'"
	c.eventually(t, "SELECT toString(uniqExact(group_id)) FROM activities WHERE group_id IN ("+quoted+")",
		fmt.Sprint(len(good)))
	c.eventually(t, "SELECT status FROM activities WHERE group_id = 'unknown-status'", "")

	for name := range bad {
		if name == "invalid8" {
			continue // the vendor's names may carry any byte; the record is kept, see below
		}
		c.quarantined(t, name+".ndjson")
	}
	c.quarantined(t, "binary.json")
	c.eventually(t, "SELECT any(reason) FROM provisioning_quarantine FINAL WHERE file LIKE '%empty.json'",
		"the file is empty: ask its writer for its content")
	c.eventually(t, `SELECT toString(countIf(group_id = 'u1') + (SELECT count() FROM provisioning_quarantine FINAL WHERE file LIKE '%invalid8%') > 0)
		FROM activities`, "1")
	require.NoError(t, c.process.Signal(syscall.Signal(0)), "the collector runs on")
}

// quarantined checks that something of the file is in quarantine, with where and why.
func (c *collector) quarantined(t *testing.T, file string) {
	t.Helper()
	c.eventually(t, fmt.Sprintf(`SELECT toString(count() > 0 AND countIf(reason = '' OR original = '') = 0)
		FROM provisioning_quarantine FINAL WHERE file LIKE '%%%s'`, filepath.Base(file)), "1")
}
