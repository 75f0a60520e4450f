package sailpoint

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/provisioning"
)

func TestRejectedNamesTheField(t *testing.T) {
	f := func(document, field, reason string) {
		t.Helper()
		r := parse([]byte(document))
		require.Empty(t, r.Observations, document)
		require.Len(t, r.Rejected, 1, document)
		require.Equal(t, field, r.Rejected[0].Field, document)
		require.Contains(t, r.Rejected[0].Reason, reason, document)
		if field == "id" {
			require.EqualValues(t, len(document), r.Rejected[0].Size)
		}
	}
	f(`{"id":null,"items":[{"provisioningStatus":"PENDING"}]}`, "id", "is missing")
	f(`{"id":7,"items":[{"provisioningStatus":"PENDING"}]}`, "id", "is number, want a string")
	f(`{"id":"a","items":"none","executionStatus":"COMPLETED"}`, "items", "is string, want an array")
	f(`{"id":"a","items":[{"provisioningStatus":["PENDING"]}]}`, "items.provisioningStatus", "is array, want a string")
	f(`{"accountRequests":[{"op":"Modify","result":{"status":"failed"}}],"id":"x"}`, "trackingNumber", "is missing")
	f(`{"accountRequests":[{"accountOperation":"Modify","provisioningResult":"FAILED"}]}`, "trackingNumber", "is missing")
	f(`{"trackingNumber":"a","accountRequests":[{"attributeRequests":{"name":"x"}}]}`, "accountRequests.attributeRequests", "is object, want an array")
	f(`{"technicalName":"ACCOUNT_MODIFY_PASSED","attributes":[1]}`, "attributes", "is array, want an object")
	f(`{"id":"a","items":[{"prov`, "", "broken JSON at byte 25")
	f(`{"id":"a","items":[]} trailing`, "", "broken JSON")
	f(`{"hello":"world"}`, "", "none of the known documents")
	f("{\"id\":\"a\xff\",\"items\":[]}", "", "not valid UTF-8 (first at byte 8)")
	f(`"just text"`, "", "no JSON object or array")
	f(``, "", "no JSON object or array")
	f(`{"id":`+strings.Repeat(`[`, 100_000), "", "nested deeper")
	f(`{"id":"a","items":`+strings.Repeat(`[`, 400)+strings.Repeat(`]`, 400)+`}`, "items", "is array")
	f(strings.Repeat(`[`, 18)+strings.Repeat(`]`, 18), "", "wrapped more than 16 deep")
}

func TestOneBadDocumentSpoilsNoOther(t *testing.T) {
	good := `{"id":"a","created":"2026-01-01T00:00:00Z","items":[{"id":"i","provisioningStatus":"PENDING","operation":"ADD"}]}`
	data := `[` + good + `, {"id":5,"items":[]}, ` + strings.ReplaceAll(good, `"a"`, `"b"`) + `]`
	r := parse([]byte(data))
	require.Len(t, r.Observations, 2)
	require.Equal(t, "b", r.Observations[1].GroupID)
	require.Len(t, r.Rejected, 1)
	require.Equal(t, "[1].id", r.Rejected[0].Field)
	require.Equal(t, `{"id":5,"items":[]}`, r.Rejected[0].Original)
	require.EqualValues(t, strings.Index(data, `{"id":5`), r.Rejected[0].Offset)
}

func TestEnvelopes(t *testing.T) {
	good := `{"id":"a","created":"2026-01-01T00:00:00Z","items":[{"id":"i","provisioningStatus":"PENDING","operation":"ADD"}]}`
	for _, format := range []string{`%s`, `[%s]`, `{"aggregations":{},"hits":[%s]}`, `{"version":"0","detail-type":"x","detail":%s}`, "\ufeff \n%s\r\n", `{"value":%s}`} {
		r := parse([]byte(fmt.Sprintf(format, good)))
		require.Len(t, r.Observations, 1, format)
		require.Equal(t, good, r.Observations[0].Original)
	}
}

func TestStatusWords(t *testing.T) {
	f := func(word string, want provisioning.Status) {
		t.Helper()
		r := parse([]byte(`{"id":"a","items":[{"provisioningStatus":"` + word + `"}]}`))
		require.Equal(t, want, r.Observations[0].ReportedStatus, word)
		require.Equal(t, word, r.Observations[0].RawStatus)
	}
	f("PENDING", provisioning.StatusPending)
	f("FINISHED", provisioning.StatusSuccess)
	f("UNVERIFIABLE", provisioning.StatusNotVerifiable)
	f("COMMITED", provisioning.StatusCommitted)
	f("COMMITTED", provisioning.StatusCommitted)
	f("FAILED", provisioning.StatusFailed)
	f("RETRY", provisioning.StatusRetrying)
	f("Manual Task Created", provisioning.StatusPending)
	f("BRAND_NEW", provisioning.StatusUnset)
}

func TestPassedStatus(t *testing.T) {
	trigger := []byte(`{"trackingNumber":"a","accountRequests":[{"accountOperation":"Modify","provisioningResult":"SUCCESS"}]}`)
	event := []byte(`{"id":"e","technicalName":"ACCOUNT_MODIFY_PASSED","status":"PASSED"}`)
	for means, want := range map[provisioning.Status]provisioning.Status{
		provisioning.StatusUnset:     provisioning.StatusCommitted,
		provisioning.StatusCommitted: provisioning.StatusCommitted,
		provisioning.StatusSuccess:   provisioning.StatusSuccess,
	} {
		p := &Parser{PassedStatus: means}
		var r Result
		p.Parse(trigger, 1, &r)
		p.Parse(event, 1, &r)
		require.Equal(t, want, r.Observations[0].ReportedStatus)
		require.Equal(t, want, r.Observations[1].ReportedStatus)
	}
}

// TestSameChangeSameActivity: a REST item, a search account request, and a
// trigger of one change fold into one activity.
func TestSameChangeSameActivity(t *testing.T) {
	const source = "0b49094903828db6f748031fbe2b09d8"
	documents := []string{
		`{"id":"g","modified":"2026-01-01T00:03:00Z","type":"appRequest","items":[{"id":"i","provisioningStatus":"FINISHED","operation":"ADD","attribute":"memberOf","value":"CN=A","nativeIdentity":"CN=Ada","sourceId":"` + source + `"}]}`,
		`{"id":"s","trackingNumber":"g","action":"Access Request","modified":"2026-01-01T00:02:00Z","stage":"Completed","accountRequests":[{"op":"Modify","accountId":"cn=ada","result":{"status":"committed"},"source":{"id":"` + source + `","name":"AD"},"attributeRequests":[{"op":"Add","name":"memberOf","value":["CN=A"]}]}]}`,
		`{"trackingNumber":"g","accountRequests":[{"accountOperation":"Modify","accountId":"CN=Ada","provisioningResult":"SUCCESS","source":{"id":"` + source + `","name":"AD"},"attributeRequests":[{"operation":"Add","attributeName":"memberOf","attributeValue":"CN=A"}]}]}`,
		`{"id":"e","technicalName":"ACCOUNT_MODIFY_PASSED","created":"2026-01-01T00:01:00Z","status":"PASSED","trackingNumber":"g","attributes":{"sourceName":"AD","accountName":"CN=Ada","interface":"appRequest"}}`,
	}
	r := parse([]byte(`[` + strings.Join(documents, ",") + `]`))
	require.Empty(t, r.Rejected)
	activities := provisioning.Resolve(r.Observations)
	require.Len(t, activities, 1)
	require.Equal(t, 4, activities[0].StateSeq)
	require.Equal(t, "AD", activities[0].SourceName)
	require.Equal(t, provisioning.CauseAccessRequest, activities[0].Cause)
}

func TestResetFailsOnBothSides(t *testing.T) {
	r := parse([]byte(`[
	 {"id":"a","created":"2026-06-01T22:03:00Z","technicalName":"USER_PASSWORD_UPDATE_FAILED","attributes":{"sourceName":"IdentityNow","info":"Request Id :4d1909ce8cc3b519436197105426b18b"}},
	 {"id":"b","created":"2026-06-01T22:03:01Z","technicalName":"PASSWORD_ACTION_CHANGE_FAILED","attributes":{"sourceName":"AD","accountName":"ada","requestId":"4d1909ce8cc3b519436197105426b18b"}}]`))
	activities := provisioning.Resolve(r.Observations)
	require.Len(t, activities, 1)
	require.Equal(t, provisioning.FailedOnBoth, activities[0].FailedOn)
	require.Equal(t, provisioning.KindPassword, activities[0].Kind)
}

func TestEventNames(t *testing.T) {
	changes := map[string]provisioning.Operation{
		"ACCOUNT_CREATE_PASSED": "Create", "ACCOUNT_MODIFY_FAILED": "Modify", "ACCOUNT_DELETE_PASSED": "Delete", "ACCOUNT_ENABLE_PASSED": "Enable",
		"ACCOUNT_DISABLE_PASSED": "Disable", "ACCOUNT_UNLOCK_FAILED": "Unlock", "DELETE_ACCOUNT_FAILED": "Delete", "CreateAccount": "Create",
		"CreateAccountFailure": "Create", "UnlockAccountFailure": "Unlock", "ENTITLEMENT_ADD_PASSED": "Add", "ENTITLEMENT_REMOVE_FAILED": "Remove",
		"AddEntitlement": "Add", "RemoveEntitlementFailure": "Remove", "SetEntitlement": "Set",
	}
	for _, name := range []string{
		"passwordChange", "passwordChangeFailure", "ACTION_PASSWORD_CHANGE_SUCCESS", "USER_PASSWORD_UPDATE", "USER_PASSWORD_UPDATE_PASSED",
		"USER_PASSWORD_UPDATE_FAILED", "USER_PASSWORD_RESET_REJECTED", "ACCOUNT_PASSWORD_RESET_PASSED", "ACCOUNT_PASSWORD_RESET_FAILED",
		"ACCOUNT_PASSWORD_SYNC_PASSED", "SOURCE_EXTERNAL_PASSWORD_CHANGE", "SOURCE_EXTERNAL_PASSWORD_CHANGE_PASSED",
		"SOURCE_EXTERNAL_PASSWORD_CHANGE_FAILED", "expiredPasswordChange", "forgotPasswordChange", "ACCOUNT_FULL_RESET",
		"PASSWORD_ACTION_CHANGE_PASSED", "PASSWORD_ACTION_CHANGE_FAILED",
	} {
		changes[name] = provisioning.OperationChangePassword
	}
	for name, operation := range changes {
		r := parse([]byte(`{"id":"e","created":"2026-06-01T22:03:00Z","action":"` + name + `","type":"X"}`))
		require.Len(t, r.Observations, 1, name)
		o := &r.Observations[0]
		require.Equal(t, operation, o.Operation, name)
		require.Equal(t, operation == provisioning.OperationChangePassword, o.Side != "", name)
		switch {
		case strings.HasSuffix(name, "FAILED"), strings.HasSuffix(name, "Failure"), strings.HasSuffix(name, "REJECTED"):
			require.Equal(t, provisioning.StatusFailed, o.ReportedStatus, name)
		case strings.HasSuffix(name, "PASSED"), strings.HasSuffix(name, "SUCCESS"):
			require.Equal(t, provisioning.StatusCommitted, o.ReportedStatus, name)
		}
	}
	for _, name := range []string{
		"approveLineItem", "ACTION_APP_REQUEST_APPROVED", "CLOSE_IDENTITY_REQUESTS_STARTED", "CREATE_ACCOUNT_SKIPPED", "APP_REQUEST_PASSED",
		"ExpirePasswordStart", "ForgotPasswordStart", "PasswordsRequestStart", "SOURCE_PASSWORD_INTERCEPT_PROCESSED", "SOURCE_PASSWORD_INTERCEPT_IGNORED",
		"PASSWORD_POLICY_CREATED", "ACCOUNT_VAULT_UPDATED", "WORK_ITEM_FORWARD", "IDENTITY_ATTRIBUTE_UPDATE",
	} {
		r := parse([]byte(`{"id":"e","created":"2026-06-01T22:03:00Z","action":"` + name + `","type":"X"}`))
		require.Empty(t, r.Observations, name)
		require.Empty(t, r.Rejected, name)
		require.Equal(t, []Ignored{{ReasonNoChange, name}}, r.Ignored)
	}
}

// TestLargeDocumentDoesNotGrow: what all observations of a document carry
// together stays near its size.
func TestLargeDocumentDoesNotGrow(t *testing.T) {
	f := func(document string, want int) {
		t.Helper()
		r := parse([]byte(document))
		require.Empty(t, r.Rejected)
		require.Len(t, r.Observations, want)
		total := 0
		for i := range r.Observations {
			o := &r.Observations[i]
			total += len(o.Original)
			require.Contains(t, document, o.Original)
			require.Contains(t, o.Original, fmt.Sprintf("value %06d", i))
		}
		require.Less(t, total, 2*len(document))
	}
	const n = 5000
	var items, values, attributes []string
	for i := range n {
		items = append(items, fmt.Sprintf(`{"id":"%d","provisioningStatus":"PENDING","value":"value %06d"}`, i, i))
		values = append(values, fmt.Sprintf(`"value %06d"`, i))
		attributes = append(attributes, fmt.Sprintf(`{"op":"Add","name":"memberOf","value":"value %06d"}`, i))
	}
	f(`{"id":"a","items":[`+strings.Join(items, ",")+`]}`, n)
	f(`{"trackingNumber":"a","id":"b","accountRequests":[{"op":"Modify","attributeRequests":[{"op":"Add","name":"x","value":[`+strings.Join(values, ",")+`]}]}]}`, n)
	f(`{"trackingNumber":"a","id":"b","accountRequests":[{"op":"Modify","attributeRequests":[`+strings.Join(attributes, ",")+`]}]}`, n)
}

func TestReadTwiceIsTheSameObservation(t *testing.T) {
	document := []byte(`{"trackingNumber":"a","accountRequests":[{"accountOperation":"Modify","provisioningResult":"SUCCESS"}]}`)
	var r Result
	p := &Parser{Tenant: "t", Feed: provisioning.FeedWebhook}
	p.Parse(document, 1, &r)
	p.Parse(document, 2, &r)
	require.Equal(t, r.Observations[0].EventID, r.Observations[1].EventID)
	require.Zero(t, r.Observations[0].OccurredAt)
}
