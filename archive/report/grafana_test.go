package report

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning/record"
)

// The link of a Grafana dashboard carries its variables under its own names.
func TestParseFilterOfADashboard(t *testing.T) {
	now := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	query, err := url.ParseQuery("from=2026-03-07T12:00:00.000Z&to=2026-03-14T12:00:00.000Z&var-tenant=$__all&var-source=SAP%20ERP&var-source=Workday" +
		"&var-status=Not%20Verifiable&var-kind=$__all&var-cause=Access%20Request&var-flag=stalled&var-flag=odd&identity_contains=ada&var-identity=&var-search=timeout")
	require.NoError(t, err)
	f, err := ParseFilter(query, now)
	require.NoError(t, err)
	require.Equal(t, []string{"SAP ERP", "Workday"}, f.Source)
	require.Equal(t, []string{"Not Verifiable"}, f.Status)
	require.Equal(t, []string{"Access Request"}, f.Cause)
	require.Equal(t, []string{"stalled", "odd"}, f.Flag)
	require.Equal(t, "ada", f.IdentityContains)
	require.Empty(t, f.Tenant)
	require.Empty(t, f.Kind)
	require.Empty(t, f.Identity)
	require.Equal(t, "timeout", f.Text)
	require.Equal(t, now.Add(-7*24*time.Hour), f.From)
}

func TestFiltersOfADashboardMatch(t *testing.T) {
	r := record.Record{Attempts: 2, Stalled: true}
	r.Cause, r.IdentityID, r.IdentityName, r.AccountID = "Access Request", "2c918", "Ada Lovelace", "CN=ada"
	f := func(filter Filter, want bool) {
		t.Helper()
		assert.Equal(t, want, filter.matches(&r), "%+v", filter)
	}
	f(Filter{Cause: []string{"access request"}}, true)
	f(Filter{Cause: []string{"Certification"}}, false)
	f(Filter{Flag: []string{"odd", "stalled"}}, true)
	f(Filter{Flag: []string{"retried"}}, true)
	f(Filter{Flag: []string{"odd", "overdue"}}, false)
	f(Filter{IdentityContains: "lovel"}, true)
	f(Filter{IdentityContains: "cn=ADA"}, true)
	f(Filter{IdentityContains: "2C918"}, true)
	f(Filter{IdentityContains: "2c91"}, false)
	r.Outcome = "declined"
	f(Filter{Outcome: []string{"Declined"}}, true)
	f(Filter{Outcome: []string{"fault"}}, false)
	_, err := ParseFilter(url.Values{"outcome": {"no"}}, time.Now())
	require.ErrorContains(t, err, `outcome "no" is none of fault, declined`)
	_, err = ParseFilter(url.Values{"flag": {"late"}}, time.Now())
	require.ErrorContains(t, err, `flag "late" is none of stalled, overdue, odd, retried`)
}
