package sailpoint

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// envelope is what the wrappers around a document say of it.
type envelope struct {
	occurred pcommon.Timestamp // when the wrapped event happened, zero where none says
	id       string            // of the event
	trigger  string            // the vendor's id of the trigger, "idn:post-provisioning"
	test     bool              // the vendor's "Test Subscription" sent it
}

// wrapper holds the members of the envelopes that are known: EventBridge and CloudEvents,
// queues (SNS, SQS, Kinesis, Pub/Sub), exports of Elasticsearch, Splunk and Logstash, and
// what PowerShell makes of a list.
type wrapper struct {
	DetailType  raw      `json:"detail-type"`
	SpecVersion raw      `json:"specversion"`
	Metadata    metadata `json:"_metadata"`

	Time        raw `json:"time"`
	EventTime   raw `json:"eventTime"`
	Timestamp   raw `json:"Timestamp"`
	PublishTime raw `json:"publishTime"`
	SplunkTime  raw `json:"_time"`
	ElasticTime raw `json:"@timestamp"`

	Detail     raw `json:"detail"`
	Data       raw `json:"data"`
	DataBase64 raw `json:"data_base64"`
	Hits       raw `json:"hits"`
	Source     raw `json:"_source"`
	Value      raw `json:"value"`
	Result     raw `json:"result"`
	Results    raw `json:"results"`
	Raw        raw `json:"_raw"`
	Event      raw `json:"event"`
	Original   raw `json:"original"`
	Records    raw `json:"Records"`
	Kinesis    raw `json:"kinesis"`
	Body       raw `json:"body"`
	Payload    raw `json:"payload"`
	Message    raw `json:"message"`
	SNS        raw `json:"Message"`
}

// metadata stands in the body of every trigger of the vendor.
type metadata struct {
	TriggerID      raw `json:"triggerId"`
	InvocationID   raw `json:"invocationId"`
	InvocationType raw `json:"invocationType"`
	Type           raw `json:"type"`
	Test           raw `json:"test"`
}

// inner returns the JSON that d only wraps, nil where it wraps none. Text that is no
// part of the document itself (JSON in a string, base64) is decoded.
func (w *wrapper) inner() []byte {
	for _, v := range []raw{
		w.Detail, w.Data, w.DataBase64, w.Hits, w.Source, w.Raw, w.Original, w.Result, w.Results, w.Event,
		w.Records, w.Kinesis, w.Body, w.Payload, w.SNS, w.Message, w.Value,
	} {
		if found := jsonIn(v); found != nil {
			return found
		}
	}
	return nil
}

func jsonIn(v raw) []byte {
	switch {
	case len(v) == 0:
		return nil
	case v[0] == '{' || v[0] == '[':
		return v
	case v[0] != '"':
		return nil
	}
	body := strings.TrimSpace(text(v))
	if body == "" {
		return nil
	}
	if body[0] != '{' && body[0] != '[' {
		decoded, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return nil
		}
		body = strings.TrimSpace(string(decoded))
	}
	if body == "" || body[0] != '{' && body[0] != '[' || !json.Valid([]byte(body)) {
		return nil
	}
	return []byte(body)
}

// within adds what one more wrapper, or the document itself, says. The innermost counts:
// it is nearest to the vendor.
func (e envelope) within(d *document) envelope {
	for _, v := range []raw{d.Time, d.EventTime, d.Timestamp, d.PublishTime, d.SplunkTime, d.ElasticTime} {
		if at, err := parseTime(text(v)); err == nil && at != 0 {
			e.occurred = at
			break
		}
	}
	if id := text(d.Metadata.InvocationID); id != "" {
		e.id = id
	} else if present(d.DetailType) || present(d.SpecVersion) {
		e.id = d.ID
	}
	for _, v := range []string{d.Type, text(d.DetailType), text(d.Metadata.TriggerID)} {
		if strings.HasPrefix(v, triggerPrefix) {
			e.trigger = v
		}
	}
	m := &d.Metadata
	e.test = e.test || strings.EqualFold(text(m.InvocationType), "test") || strings.EqualFold(text(m.Type), "test") || text(m.Test) == "true"
	return e
}

const (
	triggerPrefix    = "idn:"
	postProvisioning = "idn:post-provisioning"
)

// otherTrigger is the vendor's id of the trigger that sent a body which is no report of
// provisioning, empty where none did.
func (e *envelope) otherTrigger(d *document) string {
	if e.trigger == postProvisioning {
		return ""
	}
	if e.trigger != "" {
		return e.trigger
	}
	switch { // older bodies have no metadata
	case present(d.RequestedItemsStatus):
		return "idn:access-request-post-approval"
	case present(d.SearchName) || present(d.SignedURL):
		return "idn:saved-search-complete"
	case present(d.CallbackURL):
		return "a request-response trigger"
	case present(d.Changes) && present(d.Account):
		return "idn:account-updated"
	case present(d.Changes) && present(d.Identity):
		return "idn:identity-attributes-changed"
	default:
		return ""
	}
}
