package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/internal/simulate/truth"
	"github.com/provtrail/provtrail/internal/simulate/view"
)

func TestEveryFaultOnCommand(t *testing.T) {
	c := serve(t, nil)
	ask := func(q string, encoding ...string) (*http.Response, []byte, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.base+"/account-activities/v1?"+q, http.NoBody)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+c.token)
		for _, e := range encoding {
			req.Header.Set("Accept-Encoding", e)
		}
		plain := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: c.http.Transport}
		resp, err := plain.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp, body, err
	}
	with := func(fault string) func() {
		t.Helper()
		resp, body := c.do(http.MethodPost, "/_control/faults", map[string]float64{fault: 1})
		require.Equal(t, http.StatusOK, resp.StatusCode, string(body))
		return func() { require.NoError(t, c.api.SetFaults(map[string]float64{fault: 0})) }
	}
	status := func(fault string, code int, header string) {
		t.Helper()
		defer with(fault)()
		resp, _, err := ask("limit=3")
		require.NoError(t, err)
		require.Equal(t, code, resp.StatusCode, fault)
		require.NotEmpty(t, resp.Header.Get(header), fault)
	}
	status(api.FaultRateLimited, http.StatusTooManyRequests, "Retry-After")
	status(api.FaultServerError, http.StatusInternalServerError, "Content-Type")
	status(api.FaultBadGateway, http.StatusBadGateway, "Content-Type")
	status(api.FaultRedirect, http.StatusTemporaryRedirect, "Location")
	status(api.FaultExpiredToken, http.StatusUnauthorized, "Content-Type")
	c.login()

	content := func(fault, q string, check func(*http.Response, []byte, error), encoding ...string) {
		t.Helper()
		defer with(fault)()
		resp, body, err := ask(q, encoding...)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		check(resp, body, err)
	}
	content(api.FaultHTML, "", func(_ *http.Response, body []byte, _ error) { require.Contains(t, string(body), "<html>") })
	content(api.FaultNotAnArray, "", func(_ *http.Response, body []byte, _ error) { require.Equal(t, byte('{'), body[0]) })
	content(api.FaultHalfBody, "", func(_ *http.Response, _ []byte, err error) { require.ErrorIs(t, err, io.ErrUnexpectedEOF) })
	content(api.FaultGzip, "", func(r *http.Response, _ []byte, _ error) {
		require.Equal(t, "gzip", r.Header.Get("Content-Encoding"))
	}, "gzip")
	content(api.FaultUnknownFields, "limit=1", func(_ *http.Response, body []byte, _ error) { require.Contains(t, string(body), "riskSignals") })
	content(api.FaultUnknownEnums, "limit=1", func(_ *http.Response, body []byte, _ error) { require.Contains(t, string(body), "AWAITING_QUORUM") })
	content(api.FaultSlowDrip, "limit=9", func(_ *http.Response, body []byte, err error) {
		require.NoError(t, err)
		require.True(t, json.Valid(body))
	})
	_, first, _ := ask("limit=5&sorters=modified")
	_, second, _ := ask("limit=5&offset=5&sorters=modified")
	content(api.FaultRepeatPage, "limit=5&offset=5&sorters=modified", func(_ *http.Response, body []byte, _ error) { require.Equal(t, first, body) })
	content(api.FaultMovingRows, "limit=5&offset=5&sorters=modified", func(_ *http.Response, body []byte, _ error) { require.NotEqual(t, second, body) })

	resp, _ := c.do(http.MethodPost, "/_control/faults", map[string]float64{"no_such": 1})
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	resp, _ = c.do(http.MethodPost, "/_control/faults", map[string]float64{api.FaultGzip: 2})
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	stats, _ := get[map[string]int](c, "/_control/stats", nil)
	for _, name := range api.FaultNames {
		if !strings.HasPrefix(name, "trigger") && !slices.Contains(api.CountFaults, name) && !slices.Contains(api.DocumentFaults, name) {
			require.Positive(t, stats["fault."+name], name)
		}
	}
}

func TestClockSkew(t *testing.T) {
	c := serve(t, nil)
	before, _ := get[map[string]string](c, "/_control/clock", nil)
	resp, body := c.do(http.MethodPost, "/_control/clock", map[string]string{"skew": "4m"})
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Less(t, before["now"], string(body[8:32]))
	list, _ := get[[]view.AccountActivity](c, "/account-activities/v1", url.Values{"filters": {"modified gt " + before["now"]}})
	require.NotEmpty(t, list, "what the vendor dates in our future")
}

func TestTiesAtAPageEdge(t *testing.T) {
	c := serve(t, func(o *api.Options) { o.Ties = 0.8 })
	list, _ := search[view.ActivityDocument](c, url.Values{"limit": {"5000"}}, map[string]any{
		"indices": []string{"accountactivities"}, "query": map[string]string{"query": "*"}, "sort": []string{"modified", "id"},
	})
	ties := 0
	for i := 1; i < len(list); i++ {
		if list[i].Modified == list[i-1].Modified {
			require.Less(t, list[i-1].ID, list[i].ID)
			ties++
		}
	}
	require.Greater(t, ties, 10)
}

func TestTriggersAreDeliveredOnceAndNeverAgain(t *testing.T) {
	var mu sync.Mutex
	got := map[string]int{}
	refuse := false
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var trigger view.Trigger
		err := json.NewDecoder(r.Body).Decode(&trigger)
		mu.Lock()
		defer mu.Unlock()
		got[trigger.TrackingNumber]++
		if err != nil || refuse || r.Header.Get("Authorization") != "Bearer x" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer hook.Close()
	webhook := api.Webhook{URL: hook.URL, Header: http.Header{"Authorization": {"Bearer x"}}, Client: hook.Client()}
	c := serve(t, nil)
	deliver := func(d time.Duration) int {
		c.clock.Add(d.Milliseconds())
		return c.api.Deliver(t.Context(), webhook)
	}
	accepted := deliver(3 * time.Hour)
	require.Greater(t, accepted, 5)
	require.Len(t, got, accepted)
	for id, n := range got {
		require.Equal(t, 1, n, id)
	}
	require.Zero(t, c.api.Deliver(t.Context(), webhook), "nothing happened since")

	refuse = true
	before := len(got)
	require.Zero(t, deliver(time.Hour))
	lost := len(got) - before
	require.Positive(t, lost)
	refuse = false
	require.NoError(t, c.api.SetFaults(map[string]float64{api.FaultTriggerDouble: 1, api.FaultTriggerReorder: 0.5}))
	doubled := deliver(time.Hour)
	require.Positive(t, doubled)
	twice := 0
	for _, n := range got {
		if n == 2 {
			twice++
		}
	}
	require.Equal(t, doubled, 2*twice, "what was refused is not sent again")
	require.NoError(t, c.api.SetFaults(map[string]float64{api.FaultTriggerDrop: 1}))
	require.Zero(t, deliver(time.Hour))
}

func TestLateDocumentsAppearLater(t *testing.T) {
	c := serve(t, func(o *api.Options) { o.Late = 0.5 })
	ids := func() []string {
		list, _ := search[view.EventDocument](c, url.Values{"limit": {"10000"}}, map[string]any{
			"indices": []string{"events"}, "query": map[string]string{"query": "created:[2026-03-02T00:00:00Z TO 2026-03-03T00:00:00Z]"},
			"sort": []string{"id"},
		})
		out := make([]string, len(list))
		for i := range list {
			out[i] = list[i].ID
		}
		return out
	}
	early := ids()
	c.clock.Add((48 * time.Hour).Milliseconds())
	c.login()
	later := ids()
	require.Greater(t, len(later), len(early)+50)
	for _, id := range early {
		_, found := slices.BinarySearch(later, id)
		require.True(t, found)
	}
}

func TestTruthIsStreamed(t *testing.T) {
	c := serve(t, nil)
	resp, body := c.do(http.MethodGet, "/_control/truth", nil)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	known := c.known()
	lines := strings.Split(strings.TrimSpace(string(body)), "\n")
	require.Len(t, lines, len(known))
	for _, line := range lines {
		var a truth.Activity
		require.NoError(t, json.Unmarshal([]byte(line), &a))
		require.Equal(t, known[a.ActivityID].Status, a.Status)
	}
}

// Many clients ask while the clock moves: for the race detector.
func TestAsksAndClockTogether(t *testing.T) {
	c := serve(t, nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				c.clock.Add((7 * time.Second).Milliseconds())
				resp, _ := c.do(http.MethodGet, "/account-activities/v1?limit=50&offset=100", nil)
				if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusUnauthorized {
					t.Errorf("status %d", resp.StatusCode)
				}
			}
		})
	}
	wg.Wait()
}
