package simulate_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/simulate/truth"
)

// Each story is in the documents, and reads as its title promises.
func TestStories(t *testing.T) {
	o := options(t)
	o.Stories, o.Late = true, 0
	run(t, o)
	known, err := truth.Read(o.Truth())
	require.NoError(t, err)
	checkWritten(t, o)
	of := map[string][]truth.Activity{}
	for _, a := range known.Activities {
		of[a.GroupID] = append(of[a.GroupID], a)
	}
	tenant := o.NewTenant()
	stories := tenant.Stories(o.To.UnixMilli())
	require.Len(t, stories, 5)
	statuses := func(i, j int) map[string]int { return known.Groups[stories[i].Groups[j].ID].Counts }
	require.Len(t, statuses(0, 0), 1)
	require.Positive(t, statuses(0, 0)["Pending"])
	require.NotEmpty(t, of[stories[0].Groups[0].ID][0].ApproverName)
	require.Equal(t, 1, statuses(1, 0)["Committed"])
	require.Positive(t, statuses(1, 0)["Failed"])
	require.Len(t, stories[2].Groups, 12)
	for j, g := range stories[2].Groups {
		require.Len(t, statuses(2, j), 1, g.ID)
		require.Equal(t, "Salesforce", of[g.ID][0].SourceName)
	}
	sync := of[stories[3].Groups[0].ID]
	require.Equal(t, "mail Active Directory Committed", sync[0].AttributeName+" "+sync[0].SourceName+" "+sync[0].Status)
	require.Equal(t, "both", known.Groups[stories[4].Groups[0].ID].FailedOn)

	later := tenant.Stories(o.To.Add(time.Hour).UnixMilli())
	require.Equal(t, stories[4].Groups[0].ID, later[4].Groups[0].ID, "a later run of the demo finds them again")
}
