package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/internal/simulate/view"
)

// countsOf asks in all three ways how many documents an hour has; -1: no count.
func countsOf(c *client, from time.Time) (counts []int, statuses []int) {
	read := func(r *http.Response) {
		n, err := strconv.Atoi(r.Header.Get("X-Total-Count"))
		if err != nil {
			n = -1
		}
		counts, statuses = append(counts, n), append(statuses, r.StatusCode)
	}
	const layout = "2006-01-02T15:04:05.000Z"
	until := from.Add(time.Hour)
	resp, _ := c.do(http.MethodGet, "/account-activities/v1?limit=1&count=true&filters="+
		url.QueryEscape("created ge "+from.Format(layout)+" and created lt "+until.Format(layout)), nil)
	read(resp)
	for _, index := range []string{"accountactivities", "events"} {
		body := map[string]any{"indices": []string{index}, "query": map[string]string{
			"query": fmt.Sprintf(`created:["%s" TO "%s"}`, from.Format(layout), until.Format(layout)),
		}}
		resp, _ := c.do(http.MethodPost, "/search/v1/count", body)
		read(resp)
	}
	return counts, statuses
}

// truth is the same as countsOf by what the simulator says of itself.
func truthOf(c *client, from time.Time) (documents, shown []int) {
	counts, _ := get[[]api.Count](c, "/_control/counts", nil)
	for _, index := range []string{"account-activities", "accountactivities", "events"} {
		d, s := 0, 0
		for _, x := range counts {
			if x.Index == index && x.Hour == view.Stamp(from.UnixMilli()) {
				d, s = x.Documents, x.Shown
			}
		}
		documents, shown = append(documents, d), append(shown, s)
	}
	return documents, shown
}

func plus(counts []int, n int) []int {
	out := make([]int, len(counts))
	for i := range counts {
		out[i] = counts[i] + n
	}
	return out
}

// TestCountsOnCommand: counts are the truth, or as wrong as they are set to be.
func TestCountsOnCommand(t *testing.T) {
	c := serve(t, func(o *api.Options) { o.CountCap, o.Late = 3, 0 })
	hour := monday.Add(10 * time.Hour)
	documents, shown := truthOf(c, hour)
	require.Equal(t, documents, shown)
	for _, n := range documents {
		require.Greater(t, n, 3)
	}
	counts, _ := countsOf(c, hour)
	require.Equal(t, documents, counts)
	f := func(fault string, want []int) {
		t.Helper()
		require.NoError(t, c.api.SetFaults(map[string]float64{fault: 1}))
		counts, statuses := countsOf(c, hour)
		require.NoError(t, c.api.SetFaults(map[string]float64{fault: 0}))
		require.Equal(t, want, counts, fault)
		for _, status := range statuses {
			if fault == api.FaultCountRefused {
				require.Contains(t, []int{403, 404, 501}, status)
			} else {
				require.Less(t, status, 300)
			}
		}
	}
	none := []int{-1, -1, -1}
	f(api.FaultCountRefused, none)
	f(api.FaultCountNoHeader, none)
	f(api.FaultCountCapped, []int{3, 3, 3})
	f(api.FaultCountSmall, plus(documents, -2))
	f(api.FaultCountLarge, plus(documents, 2))
	require.NoError(t, c.api.SetFaults(map[string]float64{api.FaultCountChanging: 1}))
	seen := map[int]bool{}
	for range 30 {
		counts, _ := countsOf(c, hour)
		seen[counts[0]-documents[0]] = true
	}
	require.Equal(t, map[int]bool{0: true, 1: true, 2: true, 3: true}, seen)
	require.NoError(t, c.api.SetFaults(map[string]float64{api.FaultCountChanging: 0, api.FaultCountLate: 1}))
	c.clock.Store(hour.Add(40 * time.Minute).UnixMilli())
	late, _ := countsOf(c, hour)
	now, _ := truthOf(c, hour)
	require.Less(t, late[0], now[0], "those of the last half hour are not counted")
}

// TestHiddenDocuments: lists leave documents out, which are counted, and those that are
// hidden for a while are read by id.
func TestHiddenDocuments(t *testing.T) {
	c := serve(t, func(o *api.Options) { o.Late = 0 })
	hour := monday.Add(27 * time.Hour)
	ids := func() map[string]bool {
		list, _ := get[[]view.AccountActivity](c, "/account-activities/v1", url.Values{"filters": {"created ge " + view.Stamp(hour.UnixMilli())}})
		out := map[string]bool{}
		for _, a := range list {
			out[a.ID] = true
		}
		return out
	}
	whole := ids()
	documents, _ := truthOf(c, hour)
	status := func(fault string, want int) {
		t.Helper()
		require.NoError(t, c.api.SetFaults(map[string]float64{fault: 0.5}))
		left := ids()
		require.Less(t, len(left), len(whole))
		for id := range whole {
			if !left[id] {
				resp, _ := c.do(http.MethodGet, "/account-activities/v1/"+id, nil)
				require.Equal(t, want, resp.StatusCode)
			}
		}
		counts, _ := countsOf(c, hour)
		require.Equal(t, documents, counts, "they are counted")
		_, shown := truthOf(c, hour)
		require.NotEqual(t, documents, shown)
	}
	status(api.FaultListHidden, http.StatusOK)
	c.clock.Store(hour.Add(7 * time.Hour).UnixMilli())
	c.login()
	for id := range whole {
		require.True(t, ids()[id], "shown three hours after it was made")
	}
	require.NoError(t, c.api.SetFaults(map[string]float64{api.FaultListHidden: 0}))
	whole = ids()
	documents, _ = truthOf(c, hour)
	status(api.FaultNeverShown, http.StatusNotFound)

	body := map[string]any{"indices": []string{"events"}, "query": map[string]string{"query": "*"}, "queryResultFilter": map[string]any{"includes": []string{"id", "created"}}}
	list, _ := search[map[string]string](c, url.Values{"limit": {"5"}}, body)
	require.Len(t, list, 5)
	for _, e := range list {
		require.Len(t, e, 2)
		event, _ := get[view.EventDocument](c, "/search/v1/events/"+e["id"], nil)
		require.Equal(t, e["id"], event.ID)
		require.Equal(t, e["created"], event.Created)
	}
	resp, _ := c.do(http.MethodGet, "/search/v1/events/nothing", nil)
	require.Equal(t, http.StatusNotFound, resp.StatusCode)
}
