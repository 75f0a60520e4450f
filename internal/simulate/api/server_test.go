package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/truth"
	"github.com/provtrail/provtrail/internal/simulate/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// client is an authorised client of a simulated vendor with a virtual clock.
type client struct {
	t     testing.TB
	base  string
	clock *atomic.Int64
	api   *api.Server
	token string
	http  *http.Client
}

func serve(t testing.TB, change func(*api.Options)) *client {
	t.Helper()
	clock := &atomic.Int64{}
	clock.Store(monday.Add(30 * time.Hour).UnixMilli())
	o := api.Options{
		From: monday, GroupsPerDay: 250, RateLimit: -1,
		Now: func() time.Time { return time.UnixMilli(clock.Load()) },
	}
	if change != nil {
		change(&o)
	}
	s := api.NewServer(model.NewTenant("acme", 3, 100), o)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c := &client{t: t, base: server.URL, clock: clock, api: s, http: server.Client()}
	c.login()
	return c
}

func (c *client) login() {
	c.t.Helper()
	resp, err := c.http.PostForm(c.base+"/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"id"}, "client_secret": {"s"}})
	require.NoError(c.t, err)
	defer resp.Body.Close()
	require.Equal(c.t, http.StatusOK, resp.StatusCode)
	var token struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	require.NoError(c.t, json.NewDecoder(resp.Body).Decode(&token))
	require.Equal(c.t, 749, token.ExpiresIn)
	c.token = token.AccessToken
}

func (c *client) do(method, path string, body any) (*http.Response, []byte) {
	c.t.Helper()
	data, err := json.Marshal(body)
	require.NoError(c.t, err)
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, bytes.NewReader(data))
	require.NoError(c.t, err)
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := c.http.Do(req)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	return resp, got
}

func get[T any](c *client, path string, q url.Values) (out T, header http.Header) {
	c.t.Helper()
	resp, body := c.do(http.MethodGet, path+"?"+q.Encode(), nil)
	require.Equal(c.t, http.StatusOK, resp.StatusCode, string(body))
	require.NoError(c.t, json.Unmarshal(body, &out))
	return out, resp.Header
}

func search[T any](c *client, q url.Values, body map[string]any) ([]T, http.Header) {
	c.t.Helper()
	resp, got := c.do(http.MethodPost, "/search/v1?"+q.Encode(), body)
	require.Equal(c.t, http.StatusOK, resp.StatusCode, string(got))
	var out []T
	require.NoError(c.t, json.Unmarshal(got, &out))
	return out, resp.Header
}

// known is the truth the server states.
func (c *client) known() map[string]truth.Activity {
	out := map[string]truth.Activity{}
	c.api.Truth(func(list []truth.Activity, _ truth.Group) {
		for _, a := range list {
			out[a.ActivityID] = a
		}
	})
	return out
}

func TestPagesOfActivitiesAreTheWholeHistory(t *testing.T) {
	c := serve(t, nil)
	seen := map[string]view.AccountActivity{}
	last := ""
	for offset := 0; ; offset += 100 {
		page, _ := get[[]view.AccountActivity](c, "/account-activities/v1", url.Values{
			"limit": {"100"}, "offset": {fmt.Sprint(offset)}, "sorters": {"modified"}, "filters": {"modified ge 2026-03-01T00:00:00Z"},
		})
		for _, a := range page {
			modified := a.Created
			if a.Modified != nil {
				modified = *a.Modified
			}
			require.GreaterOrEqual(t, modified, last)
			last = modified
			require.NotContains(t, seen, a.ID)
			seen[a.ID] = a
		}
		if len(page) < 100 {
			break
		}
	}
	_, header := get[[]view.AccountActivity](c, "/v3/account-activities", url.Values{"count": {"true"}, "limit": {"0"}})
	require.Equal(t, fmt.Sprint(len(seen)), header.Get("X-Total-Count"))
	require.Greater(t, len(seen), 250)
	want := map[string]bool{}
	for _, a := range c.known() {
		want[a.GroupID] = true
	}
	require.Len(t, seen, len(want))
	for id := range want {
		require.Contains(t, seen, id)
	}
}

func TestFilters(t *testing.T) {
	c := serve(t, nil)
	f := func(filters string, match func(view.AccountActivity) bool) {
		t.Helper()
		list, _ := get[[]view.AccountActivity](c, "/account-activities/v1", url.Values{"filters": {filters}, "sorters": {"-created"}})
		require.NotEmpty(t, list, filters)
		for i, a := range list {
			require.True(t, match(a), "%s: %+v", filters, a)
			if i > 0 {
				require.LessOrEqual(t, a.Created, list[i-1].Created)
			}
		}
	}
	f(`type eq "Identity Refresh"`, func(a view.AccountActivity) bool { return a.Type == "Identity Refresh" })
	f(`type in ("appRequest","Certification")`, func(a view.AccountActivity) bool { return a.Type == "appRequest" || a.Type == "Certification" })
	f(`type sw "Cloud" and created lt 2026-03-02T12:00:00Z`, func(a view.AccountActivity) bool {
		return a.Type[:5] == "Cloud" && a.Created < "2026-03-02T12"
	})
	f(`created ge 2026-03-02T10:00:00Z and created le 2026-03-02T11:00:00Z`, func(a view.AccountActivity) bool {
		return a.Created >= "2026-03-02T10" && a.Created <= "2026-03-02T11:00:00.000Z"
	})
	bad := func(q url.Values) {
		t.Helper()
		resp, body := c.do(http.MethodGet, "/account-activities/v1?"+q.Encode(), nil)
		require.Equal(t, http.StatusBadRequest, resp.StatusCode, q)
		require.Contains(t, string(body), "detailCode")
	}
	bad(url.Values{"filters": {`provisioningStatus eq "FAILED"`}})
	bad(url.Values{"filters": {`type gt "a"`}})
	bad(url.Values{"filters": {`modified ge yesterday`}})
	bad(url.Values{"filters": {`modified ge`}})
	bad(url.Values{"filters": {`type eq "a" or type eq "b"`}})
	bad(url.Values{"sorters": {"id"}})
	bad(url.Values{"limit": {"251"}})
	bad(url.Values{"offset": {"-1"}})
}

func TestLookUps(t *testing.T) {
	c := serve(t, nil)
	list, _ := get[[]view.AccountActivity](c, "/account-activities/v1", url.Values{"limit": {"1"}})
	one, _ := get[view.AccountActivity](c, "/account-activities/v1/"+list[0].ID, nil)
	require.Equal(t, list[0], one)
	resp, _ := c.do(http.MethodGet, "/account-activities/v1/0000", nil)
	require.Equal(t, http.StatusNotFound, resp.StatusCode)
	sources, _ := get[[]view.Source](c, "/sources/v1", nil)
	require.GreaterOrEqual(t, len(sources), 10)
	source, _ := get[view.Source](c, "/v3/sources/"+sources[3].ID, nil)
	require.Equal(t, sources[3], source)
	resp, _ = c.do(http.MethodGet, "/sources/v1/IdentityNow", nil)
	require.Equal(t, http.StatusNotFound, resp.StatusCode)
}

func TestAnActivityChangesAsTheClockMoves(t *testing.T) {
	c := serve(t, nil)
	since := view.Stamp(c.clock.Load())
	before := c.known()
	c.clock.Add((24 * time.Hour).Milliseconds())
	c.login()
	changed, _ := get[[]view.AccountActivity](c, "/account-activities/v1", url.Values{"filters": {"modified gt " + since + " and created lt " + since}})
	require.NotEmpty(t, changed)
	after := c.known()
	moved := 0
	for id, a := range before {
		if b := after[id]; b.Status != a.Status {
			moved++
		}
	}
	require.Positive(t, moved)
}

func TestTokensEndAndClientsAreLimited(t *testing.T) {
	c := serve(t, func(o *api.Options) { o.RateLimit = 5; o.ClientID, o.ClientSecret = "id", "s" })
	for range 5 {
		resp, _ := c.do(http.MethodGet, "/sources/v1", nil)
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
	resp, _ := c.do(http.MethodGet, "/sources/v1", nil)
	require.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
	require.NotEmpty(t, resp.Header.Get("Retry-After"))
	resp, _ = c.do(http.MethodGet, "/v3/sources", nil)
	require.Equal(t, http.StatusOK, resp.StatusCode, "another API version has a budget of its own")
	c.clock.Add((750 * time.Second).Milliseconds())
	resp, _ = c.do(http.MethodGet, "/v3/sources", nil)
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	refused, err := c.http.PostForm(c.base+"/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"id"}, "client_secret": {"wrong"}})
	require.NoError(t, err)
	require.NoError(t, refused.Body.Close())
	require.Equal(t, http.StatusUnauthorized, refused.StatusCode)
}
