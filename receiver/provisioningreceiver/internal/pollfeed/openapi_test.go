package pollfeed

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/feedtest"
)

// accountActivities is the described GET account-activities.
func accountActivities(t *testing.T) (*openapi3.Operation, routers.Router) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../../../testdata/openapi/sailpoint.yaml")
	require.NoError(t, err)
	router, err := legacy.NewRouter(doc)
	require.NoError(t, err)
	return doc.Paths.Value("/account-activities/v1").Get, router
}

// listRules are the described fields and operators of filters and sorters.
type listRules struct {
	operators map[string][]string // by field
	sortable  []string
}

func rulesOf(t *testing.T, operation *openapi3.Operation) listRules {
	t.Helper()
	texts := func(list any) (out []string) {
		for _, v := range list.([]any) {
			out = append(out, v.(string))
		}
		return out
	}
	rules := listRules{operators: map[string][]string{}}
	for field, list := range operation.Parameters.GetByInAndName("query", "filters").Extensions["x-operators"].(map[string]any) {
		rules.operators[field] = texts(list)
	}
	rules.sortable = texts(operation.Parameters.GetByInAndName("query", "sorters").Extensions["x-fields"])
	return rules
}

var oneFilter = regexp.MustCompile(`^(\w+) (\w+) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)$`)

// validate returns how a request differs from the description.
func validate(router routers.Router, r *http.Request) error {
	route, params, err := router.FindRoute(r)
	if err != nil {
		return err
	}
	return openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, Route: route, PathParams: params,
		Options: &openapi3filter.Options{MultiError: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	})
}

// check returns what is wrong with a request of the list.
func (rules listRules) check(operation *openapi3.Operation, router routers.Router, r *http.Request) error {
	if err := validate(router, r); err != nil {
		return err
	}
	for name, values := range r.URL.Query() {
		if operation.Parameters.GetByInAndName("query", name) == nil || len(values) != 1 {
			return fmt.Errorf("parameter %s is not described, or there more than once", name)
		}
	}
	for field := range strings.SplitSeq(r.URL.Query().Get("sorters"), ",") {
		if r.URL.Query().Has("sorters") && !slices.Contains(rules.sortable, strings.TrimPrefix(field, "-")) {
			return fmt.Errorf("not sortable by %q", field)
		}
	}
	for filter := range strings.SplitSeq(r.URL.Query().Get("filters"), " and ") {
		m := oneFilter.FindStringSubmatch(filter)
		if m == nil || !slices.Contains(rules.operators[m[1]], m[2]) {
			return fmt.Errorf("filter %q is not described", filter)
		}
	}
	return nil
}

// TestRequestsConformToTheDescription: each list request of the REST feed is one that
// the OpenAPI description allows.
func TestRequestsConformToTheDescription(t *testing.T) {
	operation, router := accountActivities(t)
	rules := rulesOf(t, operation)
	for _, query := range []string{
		"limit=251", "limit=x", "offset=-1", "page=2", "limit=1&limit=2", "sorters=id", "sorters=modified,id",
		"filters=type+gt+2026-01-01T00:00:00.000Z", "filters=modified+after+2026-01-01T00:00:00.000Z", "filters=modified+ge+yesterday",
	} {
		q, err := url.ParseQuery(query)
		require.NoError(t, err)
		for name, value := range map[string]string{"limit": "250", "sorters": "modified", "filters": "modified ge 2026-01-01T00:00:00.000Z"} {
			if !q.Has(name) {
				q.Set(name, value)
			}
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/account-activities/v1?"+q.Encode(), http.NoBody)
		require.Error(t, rules.check(operation, router, r), query)
	}

	v := startVendor(t, func(o *api.Options) {
		o.Ties, o.From = 0.9, noon.Add(-past)
		o.Faults = map[string]float64{api.FaultCountLarge: 1} // hours are read again
	})
	var mu sync.Mutex // guards everything below
	var wrong []error
	sorters, later := map[string]int{}, 0 // requests by sorters, and with an offset
	paths := map[string]int{}
	checking := roundTripper{answer: func(next http.RoundTripper, r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPost && r.GetBody != nil {
			described := r.Clone(r.Context())
			described.Body, _ = r.GetBody() // of a string
			if err := validate(router, described); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", r.URL, err))
			}
		}
		paths[r.URL.Path]++
		if r.URL.Path == "/account-activities/v1" {
			if r.URL.Query().Get("count") == "true" {
				paths["count"]++
			}
			if err := rules.check(operation, router, r.Clone(r.Context())); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", r.URL, err))
			}
			if r.URL.Query().Has("sorters") {
				sorters[r.URL.Query().Get("sorters")]++
			}
			if r.URL.Query().Has("offset") && r.URL.Query().Get("offset") != "0" {
				later++
			}
		}
		return next.RoundTrip(r)
	}}
	s := feedtest.NewStore()
	r := newFeeds(t, s, t.TempDir(), func(c *sections) {
		reconciling(v.url)(c)
		c.rest.PageSize = 2 // of which many have one time only
	}, checking)
	r.client.Retry = feedtest.QuickRetry
	r.start()
	requireAgreement(t, v, s)
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return paths["count"] > 0 && paths["/search/v1/count"] > 0
	}, 20*time.Second, 20*time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	require.Empty(t, wrong)
	require.Positive(t, sorters["modified"])
	require.Positive(t, sorters["created"])
	require.Len(t, sorters, 2)
	require.Positive(t, later, "pages with an offset were requested for too")
}

// TestPageSizeIsTheLargestDescribed: the default asks for as much as the vendor allows.
func TestPageSizeIsTheLargestDescribed(t *testing.T) {
	operation, router := accountActivities(t)
	rules := rulesOf(t, operation)
	cfg := NewDefaultRESTConfig()
	pages := restPages{&cfg, "modified"}
	method, path, _ := pages.request(&cursor{from: time.Now().Add(-time.Hour).UTC(), until: time.Now().UTC()})
	require.NoError(t, rules.check(operation, router, httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)))
	cfg.PageSize++
	method, path, _ = pages.request(&cursor{})
	require.Error(t, rules.check(operation, router, httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)))
}
