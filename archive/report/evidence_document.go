package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// evidenceColumns of events.csv, before those of the proof.
var evidenceColumns = []string{
	"tenant", "group_number", "group_id", "activity_id", "event_id", "record_type", "occurred_at", "timed", "observed_at", "feed", "raw_status",
	"reported_status", "previous_status", "status", "outcome", "odd", "attempts", "kind", "operation", "cause", "source_name", "account_id",
	"attribute_name", "attribute_value", "identity_name", "identity_id", "requested_item_name", "requested_item_type", "requester_name",
	"requester_comment", "requested_at", "approver_name", "approval_status", "reviewer_comment", "error_category", "error_signature",
	"error_message", "warnings", "committed_at", "finished_at", "failed_at", "remove_at", "ticket_id", "client_metadata", "state_seq",
}

var proofColumns = []string{"archive_file", "archive_row", "file_sha256", "row_sha256", "seal", "seal_sha256", "key", "unproven"}

func writeSheet(w io.Writer, p *Pack, events []evidence, zone *time.Location) error {
	made := cells(evidenceColumns, zone)
	row := make([]string, 0, len(evidenceColumns)+len(proofColumns))
	_, err := writeCSV(w, table{"events", slices.Concat(evidenceColumns, proofColumns), func(f func([]string) error) error {
		for i := range events {
			e := &events[i]
			row = row[:0]
			for _, c := range made {
				row = append(row, c(&e.record))
			}
			of := p.Archive[e.proof.File]
			row = append(row, of.Name, strconv.FormatInt(e.proof.Row, 10), of.SHA256, e.leaf.String(), of.Seal, of.Digest, of.Key, of.Problem)
			if err := f(row); err != nil {
				return err
			}
		}
		return nil
	}}, p.BOM)
	return err
}

//go:embed evidence.html.tmpl
var documentText string

var documentTemplate = template.Must(template.New("evidence").Parse(documentText))

// groupEvidence is a group of the document.
type groupEvidence struct {
	First      *record.Record
	Activities []*activityEvidence
}

type activityEvidence struct {
	Newest *record.Record
	Steps  []step
}

// step is one line of an activity's history.
type step struct {
	When, Received, What, Detail, Event, File, Row, Leaf, Seal string
	Proven                                                     bool
}

func writeDocument(w io.Writer, p *Pack, events []evidence, coverage [][]string, zone *time.Location) error {
	groups := []*groupEvidence{}
	byGroup, byActivity := map[string]*groupEvidence{}, map[provisioning.ID]*activityEvidence{}
	for i := range events {
		r := &events[i].record
		key := r.Tenant + "\x00" + r.GroupID
		g := byGroup[key]
		if g == nil {
			g = &groupEvidence{First: r}
			byGroup[key] = g
			groups = append(groups, g)
		}
		a := byActivity[r.ActivityID]
		if a == nil {
			a = &activityEvidence{Newest: r}
			byActivity[r.ActivityID] = a
			g.Activities = append(g.Activities, a)
		}
		if r.Version >= a.Newest.Version {
			a.Newest = r
		}
		a.Steps = append(a.Steps, p.step(&events[i], zone))
	}
	when := func(at time.Time) string { return at.In(zone).Format("2006-01-02 15:04:05 MST") }
	return documentTemplate.Execute(w, map[string]any{
		"Pack": p, "Groups": groups, "Made": when(p.Made), "Open": p.Events - p.Proven, "Coverage": summarizeCoverage(coverage),
		"When": func(r *record.Record) string {
			if r.RequestedAt == 0 {
				return ""
			}
			return when(r.RequestedAt.AsTime())
		},
	})
}

// step describes what an event means for its activity.
func (p *Pack) step(e *evidence, zone *time.Location) step {
	r, f := &e.record, p.Archive[e.proof.File]
	const layout = "2006-01-02 15:04:05.000"
	s := step{
		When: r.At().AsTime().In(zone).Format(layout), Received: r.ObservedAt.AsTime().In(zone).Format(layout),
		Event: r.EventID.String(), File: f.Name, Row: strconv.FormatInt(e.proof.Row, 10), Leaf: e.leaf.String(),
		Seal: f.Seal, Proven: f.Merkle != nil,
	}
	if r.OccurredAt == 0 {
		s.When = "no time given"
	}
	switch {
	case !r.FoldedInto.IsZero():
		s.What = "counted under a finer activity"
	case r.RecordType == record.TypeState && r.Stalled:
		s.What = "stalled"
	case r.RecordType == record.TypeState && r.Overdue:
		s.What = "verification overdue"
	case r.Status == provisioning.StatusRetrying && r.PreviousStatus != provisioning.StatusRetrying:
		s.What = fmt.Sprintf("retry: attempt %d", r.Attempts)
	case r.Outcome == provisioning.OutcomeDeclined:
		s.What = "declined: " + string(r.ApprovalStatus)
		if r.ApproverName != "" {
			s.What += " (" + r.ApproverName + ")"
		}
	case r.Status == provisioning.StatusFailed:
		s.What = fmt.Sprintf("failed (attempt %d)", r.Attempts)
	case r.Status == provisioning.StatusCommitted:
		s.What = "changed on the source"
	case r.Status == provisioning.StatusSuccess:
		s.What = "verified"
	case r.Status == provisioning.StatusNotVerifiable:
		s.What = "could not be verified"
	case r.Status == provisioning.StatusPending && r.ApproverName != "" && r.ApprovalStatus != "":
		s.What = "approval: " + string(r.ApprovalStatus) + " (" + r.ApproverName + ")"
	case r.Status == provisioning.StatusPending:
		s.What = "requested, pending"
	default:
		s.What = "status unknown"
	}
	s.Detail = cmp.Or(r.ErrorMessage, r.ReviewerComment)
	if r.Odd {
		s.What += ", contradicts what was known"
	}
	return s
}
