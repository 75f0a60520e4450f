package model_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/internal/simulate/model"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func TestSameSeedSameTenant(t *testing.T) {
	first := model.NewTenant("a", 7, 50).Identities
	require.Equal(t, first, model.NewTenant("a", 7, 50).Identities)
	require.NotEqual(t, first, model.NewTenant("a", 8, 50).Identities)
	names := map[string]bool{}
	for _, i := range model.NewTenant("a", 7, 5000).Identities {
		require.False(t, names[i.Name], i.Name)
		names[i.Name] = true
	}
}

func TestAnHourDoesNotDependOnOthers(t *testing.T) {
	tenant := model.NewTenant("a", 7, 50)
	at := monday.Add(9 * time.Hour)
	first := tenant.Hour(at, 2000)
	tenant.Hour(at.Add(time.Hour), 2000)
	again := tenant.Hour(at.Add(30*time.Minute), 2000)
	require.Equal(t, first, again)
	require.Len(t, first, tenant.Count(at, 2000))
	byID := map[string]bool{}
	for i := range first {
		byID[tenant.Nth(at.UnixMilli(), i).ID] = true
	}
	for _, g := range first {
		require.True(t, byID[g.ID])
	}
}

func TestAWeekHasARhythm(t *testing.T) {
	tenant := model.NewTenant("a", 7, 50)
	perDay := [7]int{}
	for h := range 7 * 24 {
		at := monday.Add(time.Duration(h) * time.Hour)
		perDay[h/24] += tenant.Count(at, 1000)
	}
	sum := 0
	for _, n := range perDay {
		sum += n
	}
	require.InDelta(t, 7000, sum, 150)
	require.Greater(t, perDay[0], 5*perDay[5], "Monday and Saturday")
	require.Greater(t, tenant.Count(monday.Add(9*time.Hour), 1000), 4*tenant.Count(monday.Add(21*time.Hour), 1000))
}

// A life is one that can be: it begins pending, moves on in time, fails at most
// three times, is retried only after a failure, and ends where it must.
func TestLivesAreLives(t *testing.T) {
	may := map[model.State][]model.State{
		model.Pending:   {model.Committed, model.Failed, model.NotVerifiable},
		model.Retrying:  {model.Committed, model.Failed, model.NotVerifiable},
		model.Failed:    {model.Retrying},
		model.Committed: {model.Success},
	}
	rapid.Check(t, func(t *rapid.T) {
		tenant := model.NewTenant("a", rapid.Uint64().Draw(t, "seed"), 20)
		tenant.Ties = rapid.Float64Range(0, 1).Draw(t, "ties")
		start := monday.Add(time.Duration(rapid.IntRange(0, 24*14).Draw(t, "hour")) * time.Hour).UnixMilli()
		for i := range 20 {
			g := tenant.Nth(start, i)
			require.NotEmpty(t, g.Requests)
			for _, r := range g.Requests {
				require.NotEmpty(t, r.Items)
				require.Equal(t, model.Pending, r.Life[0].State)
				require.GreaterOrEqual(t, r.Life[0].At, g.Created)
				failures := 0
				for j, p := range r.Life {
					if p.State == model.Failed {
						failures++
						require.NotEmpty(t, p.Error)
					}
					if j > 0 {
						require.Greater(t, p.At, r.Life[j-1].At)
						require.Contains(t, may[r.Life[j-1].State], p.State)
					}
				}
				require.LessOrEqual(t, failures, 3)
				require.Equal(t, g.Approval != nil && g.Approval.Outcome != model.Approved, r.Sent == 0)
				last := r.Life[len(r.Life)-1]
				require.Equal(t, last.State, r.At(last.At+1).State)
				require.Equal(t, model.Pending, r.At(g.Created-1).State)
			}
			changes := g.Changes()
			for j := 1; j < len(changes); j++ {
				require.Greater(t, changes[j], changes[j-1])
			}
			require.Equal(t, changes[len(changes)-1], g.Modified(changes[len(changes)-1]))
		}
	})
}
