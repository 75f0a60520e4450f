package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/view"
)

// description is the project's OpenAPI description of the vendor's API.
func description(t testing.TB) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../../testdata/openapi/sailpoint.yaml")
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	return doc
}

// conforms checks a value against a named schema, which allows no further fields.
func conforms(t testing.TB, doc *openapi3.T, schema string, value any) {
	t.Helper()
	data, err := json.Marshal(value)
	require.NoError(t, err)
	var plain any
	require.NoError(t, json.Unmarshal(data, &plain))
	require.NoError(t, doc.Components.Schemas[schema].Value.VisitJSON(plain, openapi3.MultiErrors(), openapi3.EnableFormatValidation()), string(data))
}

// Every document of some busy hours, at every change of its life, has the described
// shape, and each described status occurs.
func TestDocumentsHaveTheDescribedShape(t *testing.T) {
	doc := description(t)
	tenant := model.NewTenant("acme", 3, 100)
	seen := map[string]int{}
	for _, start := range []time.Time{monday.Add(2 * time.Hour), monday.Add(9 * time.Hour)} {
		for _, g := range tenant.Hour(start, 1000) {
			for _, at := range g.Changes() {
				activity := view.REST(g, at)
				conforms(t, doc, "AccountActivity", activity)
				require.NotEmpty(t, activity.Items)
				for _, item := range activity.Items {
					seen[item.ProvisioningStatus]++
				}
				conforms(t, doc, "ActivityDocument", view.Search(tenant, g, at+100))
			}
			for _, h := range view.Happenings(g) {
				conforms(t, doc, "EventDocument", view.Event(tenant, g, &h, h.Phase.At+100))
				seen["event"]++
			}
			if at, ok := g.Provisioned(); ok && g.Cause.Trigger != "" {
				conforms(t, doc, "ProvisioningCompleted", view.Completed(g, at))
				seen["trigger"]++
			}
		}
	}
	for _, word := range []string{"PENDING", "FINISHED", "UNVERIFIABLE", "COMMITED", "FAILED", "RETRY", "event", "trigger"} {
		require.Positive(t, seen[word], word)
	}
}

// exchange makes a request and checks both the request and its answer.
func exchange(t *testing.T, c *client, router routers.Router, method, path, contentType, body string) {
	t.Helper()
	newRequest := func(base string) *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+c.token)
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		return r
	}
	checked := newRequest("")
	route, params, err := router.FindRoute(checked)
	require.NoError(t, err, path)
	in := &openapi3filter.RequestValidationInput{
		Request: checked, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true},
	}
	require.NoError(t, openapi3filter.ValidateRequest(t.Context(), in), path)
	resp, err := c.http.Do(newRequest(c.base))
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Less(t, resp.StatusCode, 300, path)
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Body: resp.Body}
	require.NoError(t, openapi3filter.ValidateResponse(t.Context(), out), path)
}

// Every endpoint answers as described.
func TestAnswersConformToTheDescription(t *testing.T) {
	router, err := legacy.NewRouter(description(t))
	require.NoError(t, err)
	c := serve(t, nil)
	const form, js = "application/x-www-form-urlencoded", "application/json"
	list, _ := get[[]view.AccountActivity](c, "/account-activities/v1", url.Values{"limit": {"1"}})
	exchange(t, c, router, http.MethodPost, "/oauth/token", form, "grant_type=client_credentials&client_id=id&client_secret=s")
	for _, q := range []string{"", "?limit=10&offset=5&sorters=modified", "?count=true&filters=" + url.QueryEscape(`type eq "Certification"`)} {
		exchange(t, c, router, http.MethodGet, "/account-activities/v1"+q, "", "")
	}
	exchange(t, c, router, http.MethodGet, "/account-activities/v1/"+list[0].ID, "", "")
	for _, body := range []string{
		`{"indices": ["accountactivities"], "query": {"query": "sources:\"Active Directory\""}}`,
		`{"indices": ["events"], "query": {"query": "type:PROVISIONING"}, "sort": ["created", "id"]}`,
	} {
		exchange(t, c, router, http.MethodPost, "/search/v1?limit=100", js, body)
		exchange(t, c, router, http.MethodPost, "/search/v1/count", js, body)
	}
	exchange(t, c, router, http.MethodPost, "/search/v1?count=true", js, `{"indices": ["events"], "query": {"query": "*"}}`)
	for _, index := range []string{"accountactivities", "events"} {
		body := map[string]any{"indices": []string{index}, "query": map[string]string{"query": "*"}, "queryResultFilter": map[string]any{"includes": []string{"id"}}}
		ids, _ := search[map[string]string](c, url.Values{"limit": {"1"}}, body)
		require.Len(t, ids[0], 1)
		exchange(t, c, router, http.MethodGet, "/search/v1/"+index+"/"+ids[0]["id"], "", "")
	}
	exchange(t, c, router, http.MethodGet, "/sources/v1?limit=3", "", "")
	exchange(t, c, router, http.MethodGet, "/sources/v1/"+c.api.Tenant().Sources[0].ID, "", "")
}
