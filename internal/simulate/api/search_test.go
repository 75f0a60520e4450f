package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/internal/simulate/view"
	"github.com/stretchr/testify/require"
)

func TestSearchAfterReadsEverythingOnce(t *testing.T) {
	c := serve(t, func(o *api.Options) { o.Late = 0 })
	body := map[string]any{
		"indices": []string{"events"}, "query": map[string]string{"query": "type:(PROVISIONING OR PASSWORD_ACTIVITY OR ACCESS_ITEM)"},
		"sort": []string{"created", "id"},
	}
	seen := map[string]bool{}
	_, header := search[view.EventDocument](c, url.Values{"count": {"true"}, "limit": {"1"}}, body)
	for {
		page, _ := search[view.EventDocument](c, url.Values{"limit": {"333"}}, body)
		for _, e := range page {
			require.False(t, seen[e.ID])
			seen[e.ID] = true
		}
		if len(page) < 333 {
			break
		}
		last := page[len(page)-1]
		body["searchAfter"] = []string{last.Created, last.ID}
	}
	require.Equal(t, fmt.Sprint(len(seen)), header.Get("X-Total-Count"))
	require.Greater(t, len(seen), 800)
	delete(body, "searchAfter")
	resp, _ := c.do(http.MethodPost, "/search/v1/count", body)
	require.Equal(t, http.StatusNoContent, resp.StatusCode)
	require.Equal(t, fmt.Sprint(len(seen)), resp.Header.Get("X-Total-Count"))
}

// However a search is sorted and paged, the pages are the whole in order.
func TestSearchPagesAreTheSortedWhole(t *testing.T) {
	c := serve(t, func(o *api.Options) { o.Ties = 0.5; o.Late = 0.2 })
	f := func(index string, sort ...string) {
		t.Helper()
		body := map[string]any{"indices": []string{index}, "query": map[string]string{"query": "*"}, "sort": sort}
		key := func(d map[string]any) []string {
			out := make([]string, len(sort))
			for i, field := range sort {
				out[i] = d[strings.TrimPrefix(field, "-")].(string)
			}
			return out
		}
		whole, _ := search[map[string]any](c, url.Values{"limit": {"10000"}, "count": {"true"}}, body)
		require.Greater(t, len(whole), 250)
		for i := 1; i < len(whole); i++ {
			a, b := key(whole[i-1]), key(whole[i])
			if strings.HasPrefix(sort[0], "-") {
				require.GreaterOrEqual(t, a[0], b[0])
			} else {
				require.Negative(t, slices.Compare(a, b))
			}
		}
		var paged []map[string]any
		for {
			page, _ := search[map[string]any](c, url.Values{"limit": {"199"}}, body)
			paged = append(paged, page...)
			if len(page) < 199 {
				break
			}
			body["searchAfter"] = key(page[len(page)-1])
		}
		require.Equal(t, whole, paged, "%s %v", index, sort)
	}
	f("accountactivities", "modified", "id")
	f("accountactivities", "synced", "id")
	f("accountactivities", "created", "id")
	f("events", "created", "id")
	f("events", "synced", "id")
	f("events", "id")
	f("events", "-created", "id")
}

func TestSearchQueries(t *testing.T) {
	c := serve(t, nil)
	f := func(query string, match func(view.EventDocument) bool) {
		t.Helper()
		list, _ := search[view.EventDocument](c, url.Values{"limit": {"2000"}}, map[string]any{
			"indices": []string{"events"}, "query": map[string]string{"query": query},
		})
		require.NotEmpty(t, list, query)
		for _, e := range list {
			require.True(t, match(e), "%s: %+v", query, e)
		}
	}
	f(`technicalName:ACCOUNT_MODIFY_PASSED`, func(e view.EventDocument) bool { return e.TechnicalName == "ACCOUNT_MODIFY_PASSED" })
	f(`type:PROVISIONING AND status:FAILED`, func(e view.EventDocument) bool { return e.Type == "PROVISIONING" && e.Status == "FAILED" })
	f(`NOT type:PROVISIONING AND created:>=2026\-03\-02T12\:00\:00Z`, func(e view.EventDocument) bool {
		return e.Type != "PROVISIONING" && e.Created >= "2026-03-02T12"
	})
	f(`(technicalName:ENTITLEMENT_* OR action:"ModifyAccount") AND created:[2026-03-02T08:00:00Z TO 2026-03-02T09:00:00Z}`, func(e view.EventDocument) bool {
		return e.Created >= "2026-03-02T08" && e.Created < "2026-03-02T09"
	})
	f(`*`, func(view.EventDocument) bool { return true })
	f(`attributes.sourceName:"Active Directory"`, func(e view.EventDocument) bool { return e.Attributes["sourceName"] == "Active Directory" })
	bad := func(path string, body map[string]any) {
		t.Helper()
		resp, _ := c.do(http.MethodPost, path, body)
		require.Equal(t, http.StatusBadRequest, resp.StatusCode, body)
	}
	query := func(q string) map[string]any {
		return map[string]any{"indices": []string{"events"}, "query": map[string]string{"query": q}}
	}
	for _, q := range []string{"", "words alone", "type:", "(type:A", "created:[a TO b]", `type:"open`, "created:{2026-03-02T08:00:00Z"} {
		bad("/search/v1", query(q))
	}
	bad("/search/v1?limit=10001", query("*"))
	bad("/search/v1?limit=250&offset=9900", query("*"))
	bad("/search/v1", map[string]any{"indices": []string{"identities"}, "query": map[string]string{"query": "*"}})
}
