package dashboards

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// A failure that a later group made up for is not in the list of what needs work, and its
// own group names the later one. A failure nobody made up for is listed with what to do.
func TestRepairedFailuresLeaveTheList(t *testing.T) {
	s := newStore(t)
	at := monday.Add(9 * time.Hour)
	of := func(person string) func(*record.Record) {
		return func(r *record.Record) {
			r.IdentityID, r.ErrorMessage = person, causeTexts["provtrail-credentials-failed"]
			if r.Status == provisioning.StatusCommitted {
				r.ErrorMessage = ""
			}
		}
	}
	s.write(t, incident(at, 1, "SAP ERP", provisioning.StatusFailed, of("ada")))
	s.write(t, incident(at.Add(time.Minute), 1, "SAP ERP", provisioning.StatusFailed, of("bob")))
	s.write(t, incident(at.Add(time.Hour), 1, "SAP ERP", provisioning.StatusCommitted, of("ada")))
	group := func(person, status string) (id string) {
		require.NoError(t, s.QueryRow(t.Context(), "SELECT group_id FROM activities WHERE identity_id = ? AND status = ?", person, status).Scan(&id))
		return id
	}
	panel := func(title string, chosen map[string][]string) *result {
		for _, b := range boards(t) {
			for _, p := range b.all() {
				if p.Title == title && (chosen != nil) == (b.Title == "Group") {
					sc := scope{from: at.Add(-time.Hour), to: at.Add(2 * time.Hour), interval: time.Minute, vars: b.choose(chosen), typed: b.typed()}
					return s.query(t, sc.expand(t, p.Targets[0].RawSQL))
				}
			}
		}
		require.Fail(t, "no panel "+title)
		return nil
	}

	work := panel("Failures by source and error, and what to do", nil)
	require.Len(t, work.rows, 1)
	assert.InDelta(t, 1, number(t, work.rows[0][work.column("failed")]), 0)
	assert.Equal(t, group("bob", "Failed"), work.rows[0][work.column("group_id")])
	assert.Equal(t, "The connector could not sign in", work.rows[0][work.column("category")])
	assert.Equal(t, "source owner", work.rows[0][work.column("who acts")])
	assert.NotEmpty(t, work.rows[0][work.column("next action")])

	for person, by := range map[string]int64{"ada": provisioning.GroupNumber(tenantName, group("ada", "Committed")), "bob": 0} {
		activities := panel("Activities of the group", map[string][]string{"group": {group(person, "Failed")}})
		require.Len(t, activities.rows, 1)
		assert.InDelta(t, by, number(t, activities.rows[0][activities.column("repaired by")]), 0, person)
		assert.Equal(t, "The connector could not sign in", activities.rows[0][activities.column("category")])
		assert.NotEmpty(t, activities.rows[0][activities.column("next action")])
	}
}
