package report

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The link of a Grafana dashboard carries its variables under its own names.
func TestParseFilterOfADashboard(t *testing.T) {
	now := time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	query, err := url.ParseQuery("from=2026-03-07T12:00:00.000Z&to=2026-03-14T12:00:00.000Z&var-tenant=$__all&var-source=SAP%20ERP&var-source=Workday" +
		"&var-status=Not%20Verifiable&var-kind=$__all&var-cause=$__all&var-identity=&var-search=timeout")
	require.NoError(t, err)
	f, err := ParseFilter(query, now)
	require.NoError(t, err)
	require.Equal(t, []string{"SAP ERP", "Workday"}, f.Source)
	require.Equal(t, []string{"Not Verifiable"}, f.Status)
	require.Empty(t, f.Tenant)
	require.Empty(t, f.Kind)
	require.Empty(t, f.Identity)
	require.Equal(t, "timeout", f.Text)
	require.Equal(t, now.Add(-7*24*time.Hour), f.From)
}
