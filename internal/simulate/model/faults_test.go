package model_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/simulate/model"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/errorclass"
)

// Each error is what its category says, in whatever the connector wraps it, and there are
// errors of all kinds.
func TestErrorsAreOfTheirCategory(t *testing.T) {
	classifier, err := errorclass.Extend(nil)
	require.NoError(t, err)
	tenant := model.NewTenant("a", 7, 200)
	signatures, categories, wrapped := map[string]bool{}, map[errorclass.Category]bool{}, map[string]int{}
	for h := range 7 * 24 {
		for _, g := range tenant.Hour(monday.Add(time.Duration(h)*time.Hour), 6000) {
			for _, r := range g.Requests {
				for _, p := range r.Life {
					if p.Error == "" {
						continue
					}
					got := classifier.Classify(errorclass.Input{Status: provisioning.StatusFailed, Error: p.Error})
					require.Equal(t, p.Category, got.Category, "%s: %q has signature %s", r.Source.Name, p.Error, got.Signature)
					signatures[got.Signature] = true
					categories[got.Category] = true
					for _, w := range []string{"[ ConnectorException ]", "sailpoint.connector.", "IQService", "\x00", "\n", "\\n", "; "} {
						if strings.Contains(p.Error, w) {
							wrapped[w]++
						}
					}
				}
			}
		}
	}
	t.Logf("%d signatures, %d categories, wrapped %v", len(signatures), len(categories), wrapped)
	require.GreaterOrEqual(t, len(signatures), 60)
	require.GreaterOrEqual(t, len(categories), 13)
	require.Len(t, wrapped, 7)
}
