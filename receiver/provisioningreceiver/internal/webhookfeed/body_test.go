package webhookfeed

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"

	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

func pack(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// TestEveryBodyIsRead that the file feed could read.
func TestEveryBodyIsRead(t *testing.T) {
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(triggerOf("a") + triggerOf("b"))
	require.NoError(t, err)
	for name, body := range map[string]string{
		"lines":        triggerOf("a") + "\n" + triggerOf("b") + "\r\n",
		"concatenated": triggerOf("a") + triggerOf("b"),
		"array":        "[" + triggerOf("a") + "," + triggerOf("b") + "]",
		"gzip":         pack(t, triggerOf("a")+"\n"+triggerOf("b")),
		"UTF-16":       utf16,
		"UTF-16, gzip": pack(t, utf16),
		"BOM":          "\ufeff" + triggerOf("a") + triggerOf("b"),
	} {
		t.Run(name, func(t *testing.T) {
			s := feedtest.NewStore()
			url := listening(t, s, func(*Config) {})
			response, text := post(t, url, body)
			require.Equal(t, http.StatusOK, response.StatusCode, text)
			require.Equal(t, map[string]int{"a": 1, "b": 1}, s.Groups())
			require.Empty(t, s.Quarantine())
		})
	}
	t.Run("Content-Encoding", func(t *testing.T) {
		s := feedtest.NewStore()
		url := listening(t, s, func(*Config) {})
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(pack(t, triggerOf("a")+triggerOf("b"))))
		require.NoError(t, err)
		request.Header.Set("Content-Encoding", "gzip")
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.Equal(t, map[string]int{"a": 1, "b": 1}, s.Groups())
	})
}

// TestMixedBodies: what can be read is stored, and the answer says what was refused.
func TestMixedBodies(t *testing.T) {
	good := triggerOf("a")
	f := func(body string, status int, want result) {
		t.Helper()
		s := feedtest.NewStore()
		url := listening(t, s, func(*Config) {})
		response, text := post(t, url, body)
		require.Equal(t, status, response.StatusCode, text)
		require.Equal(t, "application/json", response.Header.Get("Content-Type"))
		var got result
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		for i := range got.Pieces {
			require.Contains(t, got.Pieces[i].Reason, want.Pieces[i].Reason)
			got.Pieces[i].Reason = want.Pieces[i].Reason
		}
		require.Equal(t, want, got)
		require.Len(t, s.All(), want.Stored)
		require.Len(t, s.Quarantine(), want.Refused, "it is kept")
		require.NotContains(t, text, "hunter2")
	}
	behind := int64(len(good) + 1)
	f(good+"\n{\"id\":7,\"items\":[],\"name\":\"hunter2\"}\n"+triggerOf("b"), http.StatusMultiStatus, result{Stored: 2, Refused: 1, Pieces: []refusal{
		{Position: behind, Size: 36, Field: "id", Reason: "field id is number, want a string"},
	}})
	f(good+"\n{\"name\":\"hunter2", http.StatusMultiStatus, result{Stored: 1, Refused: 1, Pieces: []refusal{{Position: behind, Size: 16, Reason: "broken JSON"}}})
	f(`{"searchName":"x","searchResults":{}}`+"\nhunter2", http.StatusMultiStatus, result{Ignored: 1, Refused: 1, Pieces: []refusal{{Position: 38, Size: 7, Reason: "no JSON"}}})
	f("hunter2", http.StatusBadRequest, result{Refused: 1, Pieces: []refusal{{Size: 7, Reason: "no JSON"}}})
	f(" \n", http.StatusBadRequest, result{Refused: 1, Pieces: []refusal{{Position: 2, Reason: "no JSON"}}})
	cut := pack(t, good)
	f(cut[:len(cut)-4], http.StatusMultiStatus, result{Stored: 1, Refused: 1, Pieces: []refusal{{Position: int64(len(good)), Reason: "the gzip body is cut or damaged"}}})
	f(cut[:5], http.StatusBadRequest, result{Refused: 1, Pieces: []refusal{{Reason: "the gzip body is cut or damaged"}}})
}

func TestDecompressedBodyIsBounded(t *testing.T) {
	s := feedtest.NewStore()
	url := listening(t, s, func(c *Config) { c.ServerConfig.MaxRequestBodySize = 2000 })
	response, text := post(t, url, pack(t, strings.Repeat(" ", 1<<20)))
	require.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
	require.Contains(t, text, "max_request_body_size (2000 bytes)")
}

// TestOtherTriggers and tests of a subscription are answered 200, and neither stored nor
// quarantined.
func TestOtherTriggers(t *testing.T) {
	s := feedtest.NewStore()
	env, url := start(t, s, t.TempDir(), func(_ *feedtest.Env, _ *Config) {})
	saved := `{"searchName":"x","searchResults":{},"_metadata":{"triggerId":"idn:saved-search-complete","invocationId":"i"}}`
	test := strings.TrimSuffix(triggerOf("a"), "}") + `,"_metadata":{"triggerId":"idn:post-provisioning","invocationType":"TEST"}}`
	for _, body := range []string{saved, saved, test, test} {
		response, err := http.Post(url, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, http.StatusOK, response.StatusCode, string(text))
	}
	require.Empty(t, s.All())
	require.Empty(t, s.Quarantine())
	logs := env.Logs.FilterMessageSnippet("delete the subscription").All()
	require.Len(t, logs, 1, "once for a trigger")
	require.Equal(t, "idn:saved-search-complete", logs[0].ContextMap()["trigger"])
	require.Len(t, env.Logs.FilterMessageSnippet("test of a subscription").All(), 1)
}
