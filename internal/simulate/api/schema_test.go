package api_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
