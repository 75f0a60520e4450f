package report

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/provisioning/record"
)

// activityColumns are those of the Activities page.
var activityColumns = []string{
	"tenant", "group_number", "group_id", "group_status", "status", "outcome", "kind", "operation", "cause", "source_name", "account_id",
	"attribute_name", "attribute_value", "identity_name", "identity_id", "requested_item_name", "requested_item_type",
	"requester_name", "requester_comment", "approver_name", "approval_status", "reviewer_comment", "error_category", "error_signature",
	"error_message", "warnings", "attempts", "requested_at", "occurred_at", "timed", "committed_at", "finished_at", "failed_at", "remove_at",
	"stalled", "overdue", "ticket_id", "client_metadata", "activity_id",
}

var historyColumns = []string{
	"activity_id", "occurred_at", "timed", "observed_at", "record_type", "feed", "raw_status", "reported_status", "previous_status",
	"status", "outcome", "odd", "attempts", "error_category", "error_message", "approver_name", "approval_status", "reviewer_comment", "group_id", "source_name", "account_id",
	"operation", "attribute_name", "attribute_value", "state_seq", "event_id",
}

var passwordColumns = []string{
	"tenant", "group_number", "identity_name", "source_name", "account_id", "status", "failed_on", "attempts", "requester_name",
	"requested_at", "occurred_at", "finished_at", "failed_at", "error_message", "activity_id",
}

// Columns lists the columns of activities, history or passwords as they are written
// where no others are chosen.
func Columns(sheet string) []string {
	return slices.Clone(map[string][]string{"activities": activityColumns, "history": historyColumns, "passwords": passwordColumns}[sheet])
}

// cell writes one value of a record as text.
type cell func(*record.Record) string

// cells makes the cells of the named columns. Times are written in the zone.
func cells(columns []string, zone *time.Location) []cell {
	list := make([]cell, len(columns))
	for i, name := range columns {
		list[i] = newCell(name, zone)
	}
	return list
}

func newCell(name string, zone *time.Location) cell {
	when := func(at pcommon.Timestamp) string {
		if at == 0 {
			return ""
		}
		return at.AsTime().In(zone).Format("2006-01-02T15:04:05.000Z07:00")
	}
	switch name {
	case "timed":
		return func(r *record.Record) string { return strconv.FormatBool(r.OccurredAt != 0) }
	case "occurred_at":
		return func(r *record.Record) string { return when(r.At()) }
	}
	f := record.Activities.Column(name)
	if f == nil {
		panic("report: there is no column " + name) // Filter.Validate has looked
	}
	return func(r *record.Record) string {
		switch f.Value {
		case record.ValueBool:
			return strconv.FormatBool(f.Number(r) != 0)
		case record.ValueInt, record.ValueUint:
			return strconv.FormatInt(f.Number(r), 10)
		case record.ValueTime:
			return when(pcommon.Timestamp(f.Number(r)))
		default:
			return harmless(f.Word(r))
		}
	}
}

// harmless puts an apostrophe before what a spreadsheet would run as a formula
// (OWASP, "CSV Injection"). White space before the sign does not help it.
func harmless(text string) string {
	for i := range len(text) {
		switch text[i] {
		case ' ', '\n', '\v', '\f':
			continue
		case '=', '+', '-', '@', '\t', '\r':
			return "'" + text
		}
		break
	}
	for _, wide := range []string{"＝", "＋", "－", "＠"} {
		if len(text) >= len(wide) && text[:len(wide)] == wide {
			return "'" + text
		}
	}
	return text
}

// sheet is one CSV file.
type sheet struct {
	csv   *csv.Writer
	cells []cell
	row   []string
	rows  int64
	// unproven, where set, is called for each row and fills the column of that name.
	unproven func() string
}

func (r *report) newSheet(w io.Writer, columns []string) (*sheet, error) {
	s := &sheet{csv: csv.NewWriter(w), cells: cells(columns, r.filter.Zone), row: make([]string, len(columns))}
	if r.filter.AllowUnproven {
		s.unproven, s.row = r.unproven, append(s.row, "")
		columns = append(slices.Clone(columns), "unproven")
	}
	return s, s.csv.Write(columns)
}

// unproven is "yes" for a row of a file that is not as it was sealed.
func (r *report) unproven() string {
	if r.proofs[r.reading].Problem != "" {
		return "yes"
	}
	return ""
}

func (s *sheet) add(r *record.Record) error {
	for i, c := range s.cells {
		s.row[i] = c(r)
	}
	if s.unproven != nil {
		s.row[len(s.row)-1] = s.unproven()
	}
	s.rows++
	return s.csv.Write(s.row)
}

func (s *sheet) close() error {
	s.csv.Flush()
	return s.csv.Error()
}
