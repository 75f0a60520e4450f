package sailpoint

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIdentify(t *testing.T) {
	f := func(document, id, created string) {
		t.Helper()
		got := Identify([]byte(document))
		require.Equal(t, id, got.ID)
		want, err := parseTime(created)
		require.NoError(t, err)
		require.Equal(t, want, got.CreatedAt)
	}
	const at = "2026-03-02T08:00:00.123Z"
	f(`{"id":"a","created":"`+at+`","items":7}`, "a", at)
	f(`{"nested":{"id":"no"},"list":[{"created":"2020-01-01T00:00:00Z"}],"created":"`+at+`"}`, "", at)
	f(`{"id":"a\u0041","created":null}`, "aA", "")
	f(`{"id":7,"created":"yesterday"}`, "", "")
	f(`{"id":"a","created":"`+at+`","broken":`, "a", at)
	f(`["a"]`, "", "")
	f(`7`, "", "")
	f(``, "", "")
	f("{\"id\":\"\xff\"}", "\ufffd", "")
}

// TestRejectedHasItsIdentity: what cannot be read still says which document it is.
func TestRejectedHasItsIdentity(t *testing.T) {
	p := Parser{Tenant: "acme"}
	var r Result
	p.Parse([]byte(`[{"id":"a","created":"2026-03-02T08:00:00Z","items":7},{"id":"b","nothing":true}]`), 1, &r)
	require.Len(t, r.Rejected, 2)
	require.Equal(t, "a", r.Rejected[0].ID)
	require.Equal(t, "2026-03-02T08:00:00Z", r.Rejected[0].CreatedAt.AsTime().Format("2006-01-02T15:04:05Z"))
	require.Equal(t, "b", r.Rejected[1].ID)
	require.Zero(t, r.Rejected[1].CreatedAt)
}
