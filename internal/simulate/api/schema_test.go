package api_test

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/internal/simulate/view"
)

// Every rendered document of some busy hours, at several times of its life,
// has the vendor's published shape.
func TestDocumentsHaveThePublishedShape(t *testing.T) {
	doc := loadSpecification(t)
	schemas := doc.Components.Schemas
	tenant := model.NewTenant("acme", 3, 100)
	seen := map[string]int{}
	for _, start := range []time.Time{monday.Add(2 * time.Hour), monday.Add(9 * time.Hour)} {
		for _, g := range tenant.Hour(start, 1000) {
			for _, at := range g.Changes() {
				activity := view.REST(g, at)
				conforms(t, schemas["AccountActivity"].Value, activity)
				require.NotEmpty(t, activity.Items)
				for _, item := range activity.Items {
					conforms(t, schemas["AccountActivity"].Value.Properties["items"].Value.Items.Value, item)
					seen[item.ProvisioningStatus]++
				}
				conforms(t, schemas["ActivityDocument"].Value, view.Search(tenant, g, at+100), "pod", "org", "_type", "type", "_version")
			}
			for _, h := range view.Happenings(g) {
				conforms(t, schemas["EventDocument"].Value, view.Event(tenant, g, &h, h.Phase.At+100), "pod", "org", "_type", "_version")
				seen["event"]++
			}
			if at, ok := g.Provisioned(); ok && g.Cause.Trigger != "" {
				conforms(t, schemas["ProvisioningCompleted"].Value, view.Completed(g, at))
				seen["trigger"]++
			}
		}
	}
	for _, word := range []string{"PENDING", "FINISHED", "UNVERIFIABLE", "COMMITED", "FAILED", "RETRY", "event", "trigger"} {
		require.Positive(t, seen[word], word)
	}
}

// example reads one of the vendor's published examples.
func example(t testing.TB, name string) any {
	t.Helper()
	text, err := os.ReadFile("testdata/openapi/" + name + ".yaml")
	require.NoError(t, err)
	var published struct{ Value any }
	require.NoError(t, yaml.Unmarshal(text, &published))
	return published.Value
}

// What the search API answers has the published shape, for both indices, and the
// vendor's own example queries are understood. (Its description of the request itself
// is not published with these files.)
func TestSearchAnswersHaveThePublishedShape(t *testing.T) {
	schemas := loadSpecification(t).Components.Schemas
	c := serve(t, nil)
	for index, of := range map[string]struct {
		schema, query string
		extra         []string
	}{
		"accountactivities": {"ActivityDocument", "search-example-query-accountactivities", []string{"pod", "org", "_type", "type", "_version"}},
		"events":            {"EventDocument", "search-example-query-events", []string{"pod", "org", "_type", "_version"}},
	} {
		for _, request := range []any{
			example(t, of.query),
			map[string]any{"indices": []string{index}, "query": map[string]string{"query": "*"}, "sort": []string{"created", "id"}},
		} {
			response, body := c.do(http.MethodPost, "/search/v1?limit=100", request)
			require.Equal(t, http.StatusOK, response.StatusCode, string(body))
			var documents []map[string]any
			require.NoError(t, json.Unmarshal(body, &documents))
			require.NotEmpty(t, documents, index)
			for _, d := range documents {
				conforms(t, schemas[of.schema].Value, d, of.extra...)
			}
		}
	}
}

// The vendor's example documents conform to its schemas as we read them, and one that
// does not is seen.
func TestPublishedExamplesConform(t *testing.T) {
	schemas := loadSpecification(t).Components.Schemas
	for name, schema := range map[string]string{"search-example-event": "EventDocument", "search-example-accountactivity": "ActivityDocument"} {
		document := example(t, name)
		require.NoError(t, schemas[schema].Value.VisitJSON(document), name)
		document.(map[string]any)["id"] = 7.0
		require.Error(t, schemas[schema].Value.VisitJSON(document), name)
	}
}
