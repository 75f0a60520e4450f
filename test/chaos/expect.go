package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/internal/simulate/truth"
	"github.com/provtrail/provtrail/provisioning"
)

// expected is what the stores must hold.
type expected struct {
	required blackbox.Facts // observations that must be there
	possible blackbox.Facts // that may be there: the vendor showed them for a while

	fromFiles, fromVendor map[string]truth.Activity // newest states, by activity id
	groups                blackbox.Facts
	torn                  blackbox.Facts

	// other is, by the other id that it may have, each activity on the identity system's own
	// source: one for the source's name, which is all that REST gives, and one for its id. A
	// trigger may have given that, which the truth leaves out, or a document that was shown for
	// a while only, which the truth has and a collector that was dead then has not.
	other    map[string]string
	sourceID string // of that source
}

// identityNow is the name of the identity system's own source; REST gives it for its id.
const identityNow = "IdentityNow"

func expect(v *vendor, r *relay, f *feeder) (*expected, error) {
	e := &expected{
		required: blackbox.Facts{}, possible: blackbox.Facts{}, groups: blackbox.Facts{},
		fromVendor: map[string]truth.Activity{}, torn: f.torn, other: map[string]string{},
	}
	for _, line := range f.documents {
		if err := e.add(provisioning.FeedFile, line, true); err != nil {
			return nil, err
		}
	}
	known, err := truth.Read(f.truth)
	if err != nil {
		return nil, err
	}
	e.fromFiles = known.Activities
	for _, g := range known.Groups {
		e.groups[g.GroupID] = blackbox.GroupFact(&g)
	}
	twin := v.twin()
	feeds := map[string]provisioning.Feed{
		"account-activities": provisioning.FeedREST, "accountactivities": provisioning.FeedSearch, "events": provisioning.FeedEvents,
	}
	twin.Documents(func(d api.Document) { err = joinFirst(err, e.addDocument(feeds[d.Index], d.Body, d.Current)) })
	twin.Triggers(func(body any) { err = joinFirst(err, e.addDocument(provisioning.FeedWebhook, body, false)) })
	twin.Truth(func(activities []truth.Activity, group truth.Group) {
		for _, a := range activities {
			e.fromVendor[a.ActivityID] = a
		}
		e.groups[group.GroupID] = blackbox.GroupFact(&group)
	})
	for _, body := range r.accepted {
		err = joinFirst(err, e.add(provisioning.FeedWebhook, body, true))
	}
	for id := range e.fromVendor {
		if a := e.fromVendor[id]; a.SourceName == identityNow {
			key := provisioning.ActivityKey{
				Tenant: a.Tenant, GroupID: a.GroupID, Source: identityNow, Account: strings.ToLower(a.AccountID),
				Attribute: a.AttributeName, Value: a.AttributeValue, Operation: provisioning.Operation(a.Operation),
			}
			if a.SourceKey == identityNow {
				key.Source = e.sourceID
			}
			e.other[key.ID().String()] = id
		}
	}
	return e, err
}

// byTruth gives rows of activities that have the other id that of the truth.
func (e *expected) byTruth(rows [][]string) [][]string {
	for _, row := range rows {
		if id, ok := e.other[row[0]]; ok {
			row[0] = id
		}
	}
	return rows
}

func joinFirst(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

func (e *expected) addDocument(feed provisioning.Feed, body any, required bool) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return err
	}
	return e.add(feed, text.Bytes(), required)
}

func (e *expected) add(feed provisioning.Feed, document []byte, required bool) error {
	parser := sailpoint.Parser{Tenant: "acme", Feed: feed}
	var result sailpoint.Result
	parser.Parse(document, pcommon.NewTimestampFromTime(time.Now()), &result)
	if len(result.Rejected) > 0 {
		return fmt.Errorf("a document of the tenant cannot be read: %s", result.Rejected[0].Reason)
	}
	for i := range result.Observations {
		o := &result.Observations[i]
		id, fact := o.EventID.String(), observationFact(o)
		if o.SourceName == identityNow && o.SourceID != "" && o.SourceID != identityNow {
			e.sourceID = o.SourceID
		}
		e.possible[id] = fact
		if required {
			e.required[id] = fact
		}
	}
	return nil
}

func observationFact(o *provisioning.Observation) string {
	at := ""
	if o.OccurredAt != 0 {
		at = strconv.FormatInt(o.OccurredAt.AsTime().UnixMilli(), 10)
	}
	change := o.AccountID + " " + string(o.Operation) + " " + o.AttributeName + " " + o.AttributeValue
	if o.AccountLevel { // its record has the change that it was applied to
		change = ""
	}
	return strings.Join([]string{string(o.Feed), o.GroupID, o.ReportedStatus.String(), o.RawStatus, change, at}, "|")
}

// observationFacts selects what observationFact gives, from the rows %s stands for.
const observationFacts = `SELECT event_id, any(concatWithSeparator('|', feed, group_id, reported_status, raw_status,
	if(account_level, '', concatWithSeparator(' ', account_id, operation, attribute_name, attribute_value)), if(timed, toString(toUnixTimestamp64Milli(occurred_at)), '')))
	FROM %s WHERE record_type = 'observation' GROUP BY event_id`

// compareObservations lists what is lost, wrong, or nobody's.
func (e *expected) compareObservations(rows [][]string) []blackbox.Difference {
	want := maps.Clone(e.required)
	for _, row := range rows {
		if fact, ok := e.possible[row[0]]; ok {
			want[row[0]] = fact
		}
	}
	return blackbox.Compare(want, rows)
}

// times are those that the documents in files give exactly. What a poll sees depends on
// when it looked.
var times = []struct {
	column string
	of     func(*truth.Activity) *time.Time
}{
	{"first_pending_at", func(a *truth.Activity) *time.Time { return a.FirstPendingAt }},
	{"first_retrying_at", func(a *truth.Activity) *time.Time { return a.FirstRetryingAt }},
	{"first_not_verifiable_at", func(a *truth.Activity) *time.Time { return a.FirstNotVerifiableAt }},
	{"committed_at", func(a *truth.Activity) *time.Time { return a.CommittedAt }},
	{"finished_at", func(a *truth.Activity) *time.Time { return a.FinishedAt }},
	{"first_failed_at", func(a *truth.Activity) *time.Time { return a.FirstFailedAt }},
	{"failed_at", func(a *truth.Activity) *time.Time { return a.FailedAt }},
}

// activityFacts selects id, group, attempts, failed_on, the rest, and the times.
func activityFacts() string {
	var q strings.Builder
	q.WriteString(`SELECT activity_id, toString(attempts), failed_on, concatWithSeparator('|', group_id, toString(group_number), status, outcome, approval_status, kind,
		operation, cause, attribute_name, attribute_value, lower(account_id), identity_id)`)
	for _, t := range times {
		q.WriteString(", toString(toUnixTimestamp64Milli(" + t.column + "))")
	}
	return q.String() + " FROM activities"
}

// compareActivities compares the newest state of every activity: of those from files
// with attempts and times, of those that were polled with what does not depend on when.
func (e *expected) compareActivities(rows [][]string) []blackbox.Difference {
	want, have := blackbox.Facts{}, make([][]string, 0, len(rows))
	core := func(a *truth.Activity) string {
		return strings.Join([]string{
			a.GroupID, strconv.FormatInt(a.GroupNumber, 10), a.Status, a.Outcome, a.ApprovalStatus, a.Kind, a.Operation, a.Cause,
			a.AttributeName, a.AttributeValue, strings.ToLower(a.AccountID), a.IdentityID,
		}, "|")
	}
	for id := range e.fromVendor {
		a := e.fromVendor[id]
		want[id] = core(&a)
	}
	for id := range e.fromFiles {
		a := e.fromFiles[id]
		parts := []string{core(&a), strconv.Itoa(a.Attempts), a.FailedOn}
		for _, t := range times {
			if at := t.of(&a); at != nil {
				parts = append(parts, strconv.FormatInt(at.UnixMilli(), 10))
			}
		}
		want[id] = strings.Join(parts, "|")
	}
	for _, row := range rows {
		parts := []string{row[3]}
		if a, ok := e.fromFiles[row[0]]; ok {
			parts = append(parts, row[1], row[2])
			for i, t := range times {
				if t.of(&a) != nil {
					parts = append(parts, row[4+i])
				}
			}
		}
		have = append(have, []string{row[0], strings.Join(parts, "|")})
	}
	return blackbox.Compare(want, have)
}

// statuses is the newest status of every activity.
func (e *expected) statuses() blackbox.Facts {
	out := blackbox.Facts{}
	for _, known := range []map[string]truth.Activity{e.fromFiles, e.fromVendor} {
		for id := range known {
			out[id] = known[id].Status
		}
	}
	return out
}
