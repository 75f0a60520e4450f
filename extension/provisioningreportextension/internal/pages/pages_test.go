package pages

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/errorclass"
	"github.com/provtrail/provtrail/provisioning/record"
)

func TestAPageThatFindsNoPlaceSaysSo(t *testing.T) {
	shown := 0
	p := &Pages{
		Directory: t.TempDir(), Timeout: 40 * time.Millisecond, Places: make(chan struct{}), Now: time.Now,
		Shown: func(_ *http.Request, _ time.Time, code int, err error) {
			shown++
			assert.Equal(t, http.StatusTooManyRequests, code)
			assert.NoError(t, err)
		},
	}
	mux := http.NewServeMux()
	p.Register(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/summary", http.NoBody))
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	require.Equal(t, "30", w.Header().Get("Retry-After"))
	require.Contains(t, w.Body.String(), "Try again in half a minute")
	require.Equal(t, 1, shown)
}

func TestQuery(t *testing.T) {
	q := query{"status": {"Failed", "Pending"}, "q": {"a&b"}, "from": {""}, "after": {"x"}, "at": {"y"}, "sort": {"status"}}
	f := func(want, got string) {
		t.Helper()
		assert.Equal(t, want, got)
	}
	f("?after=x&at=y&q=a%26b&sort=status&status=Failed&status=Pending", q.With())
	f("?q=a%26b&sort=status&status=Success", q.Fresh("status", "Success"))
	f("?q=a%26b&status=Failed&status=Pending", q.Filters())
	f("?status=Failed&status=Pending", q.Filters("q", ""))
	assert.True(t, q.Has("status", "pending"))
	assert.False(t, q.Any("from", "to"))
	_, err := url.ParseQuery(q.With()[1:])
	require.NoError(t, err)
}

func TestAdvice(t *testing.T) {
	require.Nil(t, adviceFor("", ""))
	for _, s := range errorclass.Builtin() {
		require.Equal(t, s.Action, adviceFor(string(s.Category), s.ID).Action)
	}
	require.Equal(t, "Renew the credentials of the source's service account.", adviceFor("auth_failed", "own").Action)
	require.Equal(t, "new_kind", adviceFor("new_kind", "").Title, "of a newer version")
}

func TestRow(t *testing.T) {
	r := row{&record.Record{Status: provisioning.StatusFailed, Outcome: provisioning.OutcomeDeclined, Attempts: 3, Odd: true}}
	r.Operation, r.AttributeName, r.AttributeValue = "Add", "memberOf", "  Finance "
	require.Equal(t, badge{"declined", "Failed: declined"}, r.Badge())
	require.Equal(t, "Add memberOf Finance", r.Change())
	require.Equal(t, []string{"odd", "3 attempts"}, r.Marks())
	require.Equal(t, "1,234,567", count(1234567))
	require.Equal(t, "999", count(999))
	require.Equal(t, "äö…", cut("äöüß", 3))
	require.Equal(t, "12.5 %", percent(1, 8))
	require.Empty(t, percent(1, 0))
}

func TestNamesOfFiles(t *testing.T) {
	require.Equal(t, "2026-11-22 13:00 UTC", hourOf("tenant=a/date=2026-11-22/hour=13/x.parquet"))
	require.Empty(t, hourOf("x"))
	require.Equal(t, "tenant=Z%25C3/a%20b", escapePath("tenant=Z%C3/a b"))
	require.Equal(t, "{\n  \"a\": 1\n}", indent(`{"a":1}`))
	require.Equal(t, `{"a":1`, indent(`{"a":1`), "cut")
}
