package filefeed

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

// TestEncodings: files in UTF-16 are read as they grow, and no password is stored in clear.
func TestEncodings(t *testing.T) {
	const password = "FPLEAK-plain"
	trigger := func(group string) string {
		return `{"trackingNumber":"` + group + `","sources":"Harbor AD","recipient":{"id":"1","name":"Nadia Okafor","type":"IDENTITY"},"accountRequests":[{"accountId":"nadia",` +
			`"accountOperation":"Modify","provisioningResult":"SUCCESS","provisioningTarget":"Harbor AD","source":{"id":"2c9180f21f4c89be996679177198267c","name":"Harbor AD"},` +
			`"attributeRequests":[{"attributeName":"password","attributeValue":"` + password + `","operation":"Set"}]}]}`
	}
	encode := func(endian unicode.Endianness, bom unicode.BOMPolicy, text string) string {
		encoded, err := unicode.UTF16(endian, bom).NewEncoder().String(text)
		require.NoError(t, err)
		return encoded
	}
	packed := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := w.Write([]byte(text))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		return b.String()
	}
	dir, stored, s := t.TempDir(), t.TempDir(), feedtest.NewStore()
	path := write(t, dir, "le.json", encode(unicode.LittleEndian, unicode.UseBOM, "["+trigger("le")+",\r\n{\"password\":\""+password+"\"},"))
	write(t, dir, "be.json", encode(unicode.BigEndian, unicode.UseBOM, trigger("be")))
	write(t, dir, "none.json", encode(unicode.LittleEndian, unicode.IgnoreBOM, trigger("none")))
	write(t, dir, "bom.json", "\ufeff"+trigger("bom"))
	write(t, dir, "le.json.gz", packed(encode(unicode.LittleEndian, unicode.UseBOM, trigger("packed"))))
	write(t, dir, "broken.json", "x"+encode(unicode.LittleEndian, unicode.UseBOM, trigger("broken"))+"\n"+trigger("behind")+"\n")
	r := start(t, s, stored, func(cfg *Config) {
		reading(dir)(cfg)
		cfg.Compression = compressionAuto
	})
	s.Eventually(t, 1, "le", "be", "none", "bom", "packed", "behind")
	add(t, path, encode(unicode.LittleEndian, unicode.IgnoreBOM, trigger("later")+"]"))
	s.Eventually(t, 1, "le", "be", "none", "bom", "packed", "behind", "later")
	r.Stop()
	kept, err := json.Marshal([]any{s.All(), s.Quarantine()})
	require.NoError(t, err)
	require.Len(t, s.Quarantine(), 2)
	isHidden := func(text string) { require.NotContains(t, strings.ReplaceAll(text, "\x00", ""), password) }
	isHidden(string(kept))
	require.NoError(t, filepath.WalkDir(stored, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		isHidden(string(data))
		return err
	}))
}

// TestOverwrittenInPlace: a shorter export written over a longer one leaves the tail of the
// longer one, whose whole documents are read.
func TestOverwrittenInPlace(t *testing.T) {
	export := func(from, to int) (string, []string) {
		content, groups := many(from, to)
		documents := "[" + strings.ReplaceAll(strings.TrimSpace(content), "\n", ",") + "]"
		var pretty bytes.Buffer
		require.NoError(t, json.Indent(&pretty, []byte(documents), "", "  "))
		return pretty.String(), groups
	}
	long, old := export(1000, 2000)
	short, want := export(0, 100)
	for _, g := range old {
		if strings.Contains(long[len(short)+50:], `"id": "`+g+`"`) {
			want = append(want, g)
		}
	}
	require.Greater(t, len(want), 900)
	dir, s := t.TempDir(), feedtest.NewStore()
	path := write(t, dir, "a.json", short+long[len(short)+50:])
	start(t, s, t.TempDir(), reading(dir))
	s.Eventually(t, 1, want...)
	require.Len(t, s.Quarantine(), 1)
	require.Equal(t, path, s.Quarantine()[0].File)
	require.EqualValues(t, len(short), s.Quarantine()[0].Position)
}
