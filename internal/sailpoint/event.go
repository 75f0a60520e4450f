package sailpoint

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/provtrail/provtrail/provisioning"
)

// eventAttributes are those of an event's free map that are read. Any may be of
// any type, some are JSON in a string.
type eventAttributes struct {
	TrackingNumber raw `json:"trackingNumber"`
	SourceID       raw `json:"sourceId"`
	SourceName     raw `json:"sourceName"`
	AppID          raw `json:"appId"`
	AppName        raw `json:"cloudAppName"`
	AccountName    raw `json:"accountName"`
	AccountID      raw `json:"accountId"`
	NativeIdentity raw `json:"nativeIdentity"`
	AttributeName  raw `json:"attributeName"`
	AttributeValue raw `json:"attributeValue"`
	Interface      raw `json:"interface"`
	Info           raw `json:"info"`
	Errors         raw `json:"errors"`
	Error          raw `json:"error"`
	ErrorMessage   raw `json:"errorMessage"`
	RequestID      raw `json:"requestId"`
}

// event reads a document of the events index.
func (r *reader) event() error {
	d := r.doc
	name := cmp.Or(d.TechnicalName, d.Action, d.Name)
	change, ok := changeOf(d)
	if !ok {
		r.ignore(ReasonNoChange, name)
		return nil
	}
	created := r.moment("created", d.Created)
	occurred := created
	if occurred == 0 {
		occurred = r.moment("synced", d.Synced)
	}
	at := &d.Attributes
	o := provisioning.Observation{
		Dialect: provisioning.DialectEvent, VendorID: d.ID, VendorCreatedAt: created, OccurredAt: occurred,
		Operation: change.operation, AccountLevel: true, Side: change.side,
		AccountID:    cmp.Or(text(at.AccountName), text(at.NativeIdentity), text(at.AccountID)),
		IdentityID:   d.Target.ID,
		IdentityName: d.Target.Name,
		RequesterID:  d.Actor.ID, RequesterName: d.Actor.Name,
		Cause: causeOf(text(at.Interface)), RawCause: text(at.Interface),
	}
	o.SourceID, o.SourceName = eventSource(at)
	o.RawStatus = cmp.Or(d.Status, change.status)
	o.ReportedStatus = r.performed(d.Status)
	if o.ReportedStatus == provisioning.StatusUnset && change.status != "" {
		// A status such as ACTION says nothing; the event's own name does.
		o.RawStatus, o.ReportedStatus = change.status, r.performed(change.status)
	}
	if attribute := text(at.AttributeName); attribute != "" && change.side == "" {
		o.AttributeName, o.AttributeValue, o.AccountLevel = attribute, text(at.AttributeValue), false
	}
	if change.either && o.SourceName != "" && !strings.EqualFold(o.SourceName, identityNow) {
		o.Side = provisioning.FailedOnSource
	}
	if o.Side == provisioning.FailedOnIdentityNow && strings.EqualFold(o.SourceName, identityNow) {
		// IdentityNow's own side of a password change speaks of the request, not
		// of a source: it applies to the request's password changes.
		o.SourceID, o.SourceName, o.AccountID = "", "", ""
	}
	if concernsErrors(o.ReportedStatus) {
		o.ErrorMessage = cmp.Or(joined(d.Errors), inString(at.Errors), text(at.ErrorMessage), text(at.Error), text(at.Info))
	}
	o.GroupID = eventGroup(d, &o)
	o.Original = r.text
	r.add(&o)
	return nil
}

// inString is joined for a list that may stand as JSON in a string.
func inString(v raw) string {
	if s := text(v); strings.HasPrefix(s, "[") && v[0] == '"' {
		return joined(raw(s))
	}
	return joined(v)
}

// identityNow is the vendor's name of itself as a source.
const identityNow = "IdentityNow"

// eventSource prefers what looks like an id: the vendor's own example has the
// word "source" in sourceId and the source's id in appId.
func eventSource(at *eventAttributes) (id, name string) {
	id, name = text(at.SourceID), text(at.SourceName)
	if !isID(id) {
		if app := text(at.AppID); isID(app) {
			id = app
		}
	}
	name = cmp.Or(name, text(at.AppName))
	if !isID(id) && name != "" {
		return "", name
	}
	return source(id, name)
}

// eventGroup is the tracking number, or the best there is without one.
func eventGroup(d *document, o *provisioning.Observation) string {
	at := &d.Attributes
	group := cmp.Or(d.TrackingNumber, text(at.TrackingNumber))
	if group == "" && o.Side != "" {
		group = cmp.Or(text(at.RequestID), requestID(text(at.Info)))
	}
	if group = cmp.Or(group, d.ID); group != "" {
		return group
	}
	hash := sha256.New()
	for _, part := range []string{
		d.TechnicalName, d.Action, text(d.Created), d.Status, d.Actor.Name, d.Target.Name,
		o.SourceID, o.SourceName, o.AccountID, o.AttributeName, o.AttributeValue, text(at.Info),
	} {
		hash.Write([]byte(part))
		hash.Write([]byte{0})
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// requestID reads the "Request Id :<hex>" of a password event's info.
func requestID(info string) string {
	_, after, found := strings.Cut(info, "Request Id")
	if !found {
		return ""
	}
	after = strings.TrimLeft(after, " :=")
	end := 0
	for end < len(after) && (isHex(after[end]) || after[end] == '-') {
		end++
	}
	if end < 16 {
		return ""
	}
	return after[:end]
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
