package sailpoint

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const triggerBody = `{"trackingNumber":"a3ac41b0bc6f4ad43d833bdc601e2351","action":"Lifecycle State Change","recipient":{"id":"06c5","name":"Teo Lind"},` +
	`"accountRequests":[{"source":{"id":"2c9180f21f4c89be996679177198267c","name":"Harbor AD"},"accountId":"teo","accountOperation":"Disable","provisioningResult":"FAILED"}]%s}`

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// TestEnvelopesAreOpened: the document is found in what queues and exports put around it,
// and the envelope's time is the event's.
func TestEnvelopesAreOpened(t *testing.T) {
	body := fmt.Sprintf(triggerBody, "")
	withMeta := fmt.Sprintf(triggerBody, `,"_metadata":{"triggerType":"fireAndForget","triggerId":"idn:post-provisioning","invocationId":"inv-1"}`)
	event := fmt.Sprintf(`{"version":"0","id":"eb-1","detail-type":"idn:post-provisioning","source":"aws.partner/sailpoint.com/x/idn/y","time":"2026-10-20T18:46:02Z","detail":%s}`, body)
	const at = "2026-10-20T18:46:02Z"
	f := func(text, wantTime, wantID string) {
		t.Helper()
		var r Result
		p := Parser{Tenant: "acme", Feed: "webhook"}
		p.Parse([]byte(text), 7, &r)
		require.Empty(t, r.Rejected, text)
		require.Len(t, r.Observations, 1, text)
		o := r.Observations[0]
		require.Equal(t, "a3ac41b0bc6f4ad43d833bdc601e2351", o.GroupID)
		require.Equal(t, wantID, o.VendorID)
		got := ""
		if o.OccurredAt != 0 {
			got = o.OccurredAt.AsTime().Format(time.RFC3339)
		}
		require.Equal(t, wantTime, got, text)
	}
	f(body, "", "")
	f(withMeta, "", "inv-1")
	f(event, at, "eb-1")
	f(`[`+event+`]`, at, "eb-1")
	f(`{"specversion":"1.0","id":"ce-1","type":"idn:post-provisioning","source":"s","time":"2026-10-20T18:46:02Z","data":`+body+`}`, at, "ce-1")
	f(`{"specversion":"1.0","id":"ce-2","type":"x","time":"2026-10-20T18:46:02Z","data_base64":"`+base64.StdEncoding.EncodeToString([]byte(body))+`"}`, at, "ce-2")
	f(`{"Type":"Notification","MessageId":"m","Timestamp":"2026-10-20T18:46:02Z","Message":`+quoted(body)+`}`, at, "")
	f(`{"Records":[{"messageId":"m","body":`+quoted(event)+`}]}`, at, "eb-1")
	f(`{"Records":[{"kinesis":{"data":"`+base64.StdEncoding.EncodeToString([]byte(event))+`"}}]}`, at, "eb-1")
	f(`{"message":{"data":"`+base64.StdEncoding.EncodeToString([]byte(body))+`","publishTime":"2026-10-20T18:46:02Z"},"subscription":"s"}`, at, "")
	f(`{"took":3,"hits":{"total":1,"hits":[{"_index":"i","_id":"1","_source":`+event+`}]}}`, at, "eb-1")
	f(`{"@timestamp":"2026-10-21T00:00:00Z","event":{"kind":"event","original":`+quoted(event)+`}}`, at, "eb-1")
	f(`{"@timestamp":"2026-10-20T18:46:02Z","message":`+quoted(body)+`}`, at, "")
	f(`{"preview":false,"result":{"_raw":`+quoted(event)+`,"_time":"2026-10-21 00:00:00.000 UTC"}}`, at, "eb-1")
	f(`{"value":[`+event+`],"Count":1}`, at, "eb-1")
	f(`{"data":{"data":{"data":{"data":{"value":[[`+event+`]]}}}}}`, at, "eb-1")
}

func TestOtherTriggersAreIgnoredByName(t *testing.T) {
	f := func(text, reason, name string) {
		t.Helper()
		var r Result
		p := Parser{Tenant: "acme"}
		p.Parse([]byte(text), 7, &r)
		require.Empty(t, r.Rejected, text)
		require.Empty(t, r.Observations, text)
		require.Equal(t, []Ignored{{Reason: reason, Name: name}}, r.Ignored)
	}
	meta := func(id string) string {
		return `"_metadata":{"triggerType":"fireAndForget","triggerId":"` + id + `","invocationId":"i"}`
	}
	f(`{"fileName":"x","searchName":"Daily","searchResults":{},"signedS3Url":"https://b.example/x?X-Amz-Signature=00",`+meta("idn:saved-search-complete")+`}`, ReasonOtherTrigger, "idn:saved-search-complete")
	f(`{"fileName":"x","searchName":"Daily","searchResults":{}}`, ReasonOtherTrigger, "idn:saved-search-complete")
	f(`{"accessRequestId":"2c91","requestedFor":{"id":"x"},"requestedItems":[],"callbackURL":"https://c.example","secret":"s",`+meta("idn:access-request-pre-approval")+`}`, ReasonOtherTrigger, "idn:access-request-pre-approval")
	f(`{"accessRequestId":"2c91","callbackURL":"https://c.example","secret":"s"}`, ReasonOtherTrigger, "a request-response trigger")
	f(`{"account":{"id":"a"},"changes":[],"identity":{"id":"i"}}`, ReasonOtherTrigger, "idn:account-updated")
	f(`{"identity":{"id":"i"},"changes":[{"attribute":"email"}]}`, ReasonOtherTrigger, "idn:identity-attributes-changed")
	f(`{"version":"0","detail-type":"idn:va-cluster-status-change","time":"2026-10-20T18:46:02Z","detail":{"status":"x"}}`, ReasonOtherTrigger, "idn:va-cluster-status-change")
	f(`{"requestedItemsStatus":[]}`, ReasonOtherTrigger, "idn:access-request-post-approval")
	f(fmt.Sprintf(triggerBody, `,"_metadata":{"triggerId":"idn:post-provisioning","invocationType":"TEST"}`), ReasonTest, "idn:post-provisioning")
	f(fmt.Sprintf(triggerBody, `,"_metadata":{"triggerId":"idn:post-provisioning","test":true}`), ReasonTest, "idn:post-provisioning")
}

func TestWhatIsNoDocumentIsStillRejected(t *testing.T) {
	for _, text := range []string{`{"hello":"world"}`, `{"data":"plain text"}`, `{"message":"e30="}`, `{"_metadata":{"triggerId":"idn:post-provisioning"},"a":1}`} {
		var r Result
		(&Parser{}).Parse([]byte(text), 7, &r)
		require.Len(t, r.Rejected, 1, text)
		require.Empty(t, r.Ignored, text)
	}
}
