package sailpoint

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
)

func readCSV(t *testing.T, text string, columns map[string]string) *Result {
	t.Helper()
	require.True(t, IsCSV([]byte(text), columns), text)
	c, err := NewCSVReader(strings.NewReader(text), columns)
	require.NoError(t, err)
	to := &Result{}
	p := &Parser{Tenant: "acme", Feed: provisioning.FeedFile}
	for err == nil {
		err = c.Next(p, 1, to)
	}
	require.ErrorIs(t, err, io.EOF)
	return to
}

func TestCSV(t *testing.T) {
	const row = "failed,Access Request,Ivo Castellan,Nadia Okafor,Harbor AD,2026-11-20T18:45:37Z,2026-11-20T18:45:00Z,beef,nadia,Add,memberOf,CN=Sales,53: unwilling"
	const headings = "Status,Action,Requester,Recipient,Sources,Last Modified,Created,Tracking Number,Account,Operation,Attribute,Value,Errors"
	f := func(text string, columns map[string]string) {
		t.Helper()
		r := readCSV(t, text, columns)
		require.Empty(t, r.Rejected, text)
		require.Len(t, r.Observations, 1, text)
		o := r.Observations[0]
		require.Equal(t, "beef", o.GroupID)
		require.Equal(t, provisioning.StatusFailed, o.ReportedStatus)
		require.Equal(t, "failed", o.RawStatus)
		require.Equal(t, provisioning.CauseAccessRequest, o.Cause)
		require.Equal(t, []string{"Ivo Castellan", "Nadia Okafor", "Harbor AD"}, []string{o.RequesterName, o.IdentityName, o.SourceName})
		require.Equal(t, []string{"nadia", "memberOf", "CN=Sales"}, []string{o.AccountID, o.AttributeName, o.AttributeValue})
		require.Equal(t, provisioning.OperationAdd, o.Operation)
		require.Contains(t, o.ErrorMessage, "53: unwilling")
		require.Equal(t, "2026-11-20 18:45:37 +0000 UTC", o.OccurredAt.AsTime().String())
	}
	f(headings+"\n"+row+"\n", nil)
	f("\ufeff"+headings+"\r\n"+row, nil)
	f(`"`+strings.ReplaceAll(headings, ",", `","`)+"\"\r\n\""+strings.ReplaceAll(row, ",", `","`)+"\"\r\n", nil)
	f(strings.ReplaceAll(headings, ",", ";")+"\n"+strings.ReplaceAll(row, ",", ";"), nil)
	f("sep=;\r\n"+strings.ReplaceAll(headings, ",", ";")+"\n"+strings.ReplaceAll(row, ",", ";"), nil)
	f(strings.ReplaceAll(headings, ",", "\t")+"\n"+strings.ReplaceAll(row, ",", "\t"), nil)
	f(strings.Replace(headings, "Tracking Number", "Ticket", 1)+"\n"+row, map[string]string{"Ticket": "tracking_number"})
	f(strings.ToUpper(headings)+"\n"+row, nil)

	r := readCSV(t, "Tracking Number,Status,Created,Sources\n\"a\",committed,2026-11-20T18:45:00Z,\"AD, \nWorkday\"\n,failed,2026-11-20T18:45:00Z,AD\nb,failed,2026-11-20T18:45:00Z,AD,x\n", nil)
	require.Len(t, r.Observations, 3)
	require.Equal(t, "Workday", r.Observations[1].SourceName, "each source is a change")
	require.Len(t, r.Rejected, 2)
	require.Contains(t, r.Rejected[0].Reason, "trackingNumber is missing")
	require.EqualValues(t, 89, r.Rejected[0].Offset)
	require.EqualValues(t, 32, r.Rejected[0].Size)
	require.Contains(t, r.Rejected[1].Reason, "5 cells under 4 headings")
}

func TestCSVOfEvents(t *testing.T) {
	r := readCSV(t, "Created,Name,Actor,Target,Operation,Status,Tracking Number,Source,Account\n"+
		"2026-11-20T22:58:41.214Z,Modify Account Failed,ivo,Nadia Okafor,MODIFY,FAILED,beef,Harbor AD,nadia\n"+
		"2026-11-20T22:58:41.214Z,Update Source Passed,ivo,x,UPDATE,PASSED,beef,Harbor AD,\n", nil)
	require.Empty(t, r.Rejected)
	require.Len(t, r.Observations, 1)
	o := r.Observations[0]
	require.Equal(t, provisioning.StatusFailed, o.ReportedStatus)
	require.Equal(t, provisioning.OperationModify, o.Operation)
	require.Equal(t, []string{"beef", "Harbor AD", "nadia", "Nadia Okafor"}, []string{o.GroupID, o.SourceName, o.AccountID, o.IdentityName})
	require.Equal(t, []Ignored{{ReasonNoChange, "Update Source Passed"}}, r.Ignored)
}

func TestCSVHidesSecrets(t *testing.T) {
	r := readCSV(t, "Tracking Number,Status,Created,Attribute,Value\na,committed,2026-11-20T18:45:00Z,password,hunter2\n", nil)
	require.Equal(t, Redacted, r.Observations[0].AttributeValue)
	require.NotContains(t, r.Observations[0].Original, "hunter2")
}

func TestCSVNamesTheMissingColumns(t *testing.T) {
	f := func(headings string, missing ...string) {
		t.Helper()
		require.True(t, IsCSV([]byte(headings), nil))
		_, err := NewCSVReader(strings.NewReader(headings+"\nx,y,z\n"), nil)
		var columns *ColumnsError
		require.ErrorAs(t, err, &columns)
		require.Equal(t, missing, columns.Missing)
		require.ErrorContains(t, err, "CSV export: configure `columns`")
		require.ErrorContains(t, err, strings.Join(missing, ", "))
	}
	f("Created,Name,Actor,Target,Operation,Status", "tracking_number")
	f("Requester,Recipient,Sources", "tracking_number", "status", "created or modified")
	for _, text := range []string{"", "a,b,c", "{\"status\":1,\"created\":2,\"id\":3}", "status,created", "[1,2,3]"} {
		require.False(t, IsCSV([]byte(text), nil), text)
	}
}

// FuzzCSV: no text crashes, and each row gives something.
func FuzzCSV(f *testing.F) {
	f.Add("Tracking Number,Status,Created\na,\"b\"c,d\n\"\n")
	f.Add("sep=;\nstatus;id;created;tracking number\n;;;\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := NewCSVReader(strings.NewReader(text), nil)
		if err != nil {
			return
		}
		for to := (&Result{}); c.Next(&Parser{Tenant: "t"}, 1, to) == nil; to.Reset() {
			if len(to.Observations)+len(to.Rejected)+len(to.Ignored) == 0 {
				t.Fatalf("a row of %q gave nothing", text)
			}
		}
	})
}
