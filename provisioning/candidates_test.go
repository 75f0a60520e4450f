package provisioning

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Whatever stands in a subset stands in the whole set or is a candidate of it.
func TestCandidatesCoverEverySubset(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		observations := history(t)
		known := map[ID]bool{}
		for _, a := range Resolve(observations) {
			known[a.ID] = true
		}
		for _, a := range Candidates(observations) {
			known[a.ID] = true
		}
		var subset []Observation
		for _, o := range observations {
			if rapid.Bool().Draw(t, "in") {
				subset = append(subset, o)
			}
		}
		for _, a := range Resolve(subset) {
			require.True(t, known[a.ID], "%+v", a.Key)
		}
	})
}
