package sailpoint

import (
	"slices"
	"strings"
)

// csvAliases are the headings of the vendor's exports by field, as plainWord writes them. The
// first of a field is its name in settings, without the underscores.
var csvAliases = map[string][]string{
	"tracking_number": {"trackingnumber", "trackingid", "accountactivityid", "groupid"},
	"status":          {"status", "provisioningstatus", "result", "completionstatus"},
	"created":         {"created", "createddate", "requested", "requesteddate", "date", "time", "timestamp"},
	"modified":        {"modified", "lastmodified", "modifieddate", "updated"},
	"id":              {"id", "eventid"},
	"action":          {"action", "cause"},
	"requester":       {"requester", "requestedby", "requestername"},
	"recipient":       {"recipient", "recipientname", "requestedfor", "identity", "identityname"},
	"source":          {"source", "sources", "sourcename", "application"},
	"account":         {"account", "accountid", "accountname", "nativeidentity"},
	"operation":       {"operation", "op"},
	"attribute":       {"attribute", "attributename"},
	"value":           {"value", "attributevalue", "newvalue"},
	"error":           {"error", "errors", "errormessage", "errormessages"},
	"warning":         {"warning", "warnings"},
	"stage":           {"stage"},
	"technical_name":  {"technicalname"},
	"name":            {"name", "eventname", "event"},
	"type":            {"type", "eventtype"},
	"actor":           {"actor", "actorname"},
	"target":          {"target", "targetname"},
}

// CSVFields are the names of the fields that a column can be read as, in order.
func CSVFields() []string {
	fields := make([]string, 0, len(csvAliases))
	for field := range csvAliases {
		fields = append(fields, field)
	}
	slices.Sort(fields)
	return fields
}

// csvColumns says which column holds which field.
type csvColumns map[string]int

// columnsOf reads a line of headings. columns maps headings to fields, before the aliases.
func columnsOf(headings []string, columns map[string]string) csvColumns {
	found := csvColumns{}
	for i, heading := range headings {
		if field, ok := columns[strings.TrimSpace(heading)]; ok {
			found[field] = i
		}
	}
	for i, heading := range headings {
		word := plainWord(strings.TrimSpace(heading))
		for field, aliases := range csvAliases {
			if _, ok := found[field]; !ok && slices.Contains(aliases, word) {
				found[field] = i
			}
		}
	}
	return found
}

// isEvent: the columns are those of events, not of account activities.
func (c csvColumns) isEvent() bool {
	for _, field := range []string{"technical_name", "name", "actor", "target"} {
		if _, ok := c[field]; ok {
			return true
		}
	}
	return false
}

// missing are the fields without which no observation can be made.
func (c csvColumns) missing() (fields []string) {
	has := func(field string) bool { _, ok := c[field]; return ok }
	if !has("tracking_number") {
		fields = append(fields, "tracking_number")
	}
	if !has("status") {
		fields = append(fields, "status")
	}
	if !has("created") && !has("modified") {
		fields = append(fields, "created or modified")
	}
	if c.isEvent() && !has("technical_name") && !has("name") && !has("action") {
		fields = append(fields, "name")
	}
	return fields
}

// csvSeparators are tried in turn.
const csvSeparators = ",;\t"

// separatorOf is the separator that a line of headings has most of, 0 where it has none.
func separatorOf(line string) (separator rune) {
	most := 0
	for _, c := range csvSeparators {
		if n := strings.Count(line, string(c)); n > most {
			separator, most = c, n
		}
	}
	return separator
}
