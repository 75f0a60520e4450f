package sailpoint

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// CSVReader reads an export of the vendor's user interface, whose columns the user picked.
// Each row becomes a document of the search index, and is read as one.
type CSVReader struct {
	rows    *csv.Reader
	columns csvColumns
	width   int
	base    int64 // of the rows in the text
}

// maxHeadings bounds the line of headings, in bytes.
const maxHeadings = 64 << 10

// IsCSV reports whether text that begins with head is such an export: its first line has
// three headings or more, and two of them are known or configured.
func IsCSV(head []byte, columns map[string]string) bool {
	line, _, _ := strings.Cut(skipSeparatorLine(strings.TrimPrefix(string(head), "\ufeff")), "\n")
	if line = strings.TrimSpace(line); line == "" || line[0] == '{' || line[0] == '[' {
		return false
	}
	headings, err := headingsOf(line)
	return err == nil && len(headings) >= 3 && len(columnsOf(headings, columns)) >= 2
}

// skipSeparatorLine leaves out the line "sep=;" that Excel writes.
func skipSeparatorLine(text string) string {
	if line, rest, found := strings.Cut(text, "\n"); found && strings.HasPrefix(line, "sep=") && len(strings.TrimSpace(line)) <= 5 {
		return rest
	}
	return text
}

func headingsOf(line string) ([]string, error) {
	separator := separatorOf(line)
	if separator == 0 {
		return nil, errors.New("no separators")
	}
	rows := csv.NewReader(strings.NewReader(line))
	rows.Comma, rows.LazyQuotes, rows.TrimLeadingSpace = separator, true, true
	return rows.Read()
}

// ColumnsError says which fields an export lacks.
type ColumnsError struct {
	Missing  []string
	Headings string // the line, as it stands
}

func (e *ColumnsError) Error() string {
	return "CSV export: configure `columns`, or pick more columns for the export: none is known for " + strings.Join(e.Missing, ", ")
}

// NewCSVReader reads the headings. columns maps headings to the fields of CSVFields. The
// error is a *ColumnsError where the columns are not enough for an observation.
func NewCSVReader(text io.Reader, columns map[string]string) (*CSVReader, error) {
	buffered := bufio.NewReaderSize(text, maxHeadings)
	base := int64(0)
	line := ""
	for {
		next, err := buffered.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		base += int64(len(next))
		line = strings.TrimSpace(strings.TrimPrefix(string(next), "\ufeff"))
		if err != nil || !strings.HasPrefix(line, "sep=") {
			break
		}
	}
	headings, err := headingsOf(line)
	if err != nil {
		return nil, err
	}
	c := &CSVReader{rows: csv.NewReader(buffered), columns: columnsOf(headings, columns), width: len(headings), base: base}
	c.rows.Comma, c.rows.LazyQuotes, c.rows.FieldsPerRecord, c.rows.ReuseRecord = separatorOf(line), true, -1, true
	if missing := c.columns.missing(); len(missing) > 0 {
		return nil, &ColumnsError{Missing: missing, Headings: line}
	}
	return c, nil
}

// Next appends what the next row gives. The error is io.EOF behind the last row.
func (c *CSVReader) Next(p *Parser, at pcommon.Timestamp, to *Result) error {
	from := c.base + c.rows.InputOffset()
	row, err := c.rows.Read()
	var broken *csv.ParseError
	switch {
	case errors.As(err, &broken):
		to.Rejected = append(to.Rejected, Rejected{Offset: from, Size: c.base + c.rows.InputOffset() - from, Reason: fmt.Sprintf("the CSV row is broken: %v", broken.Err)})
		return nil
	case err != nil:
		return err
	}
	rejected := len(to.Rejected)
	document := c.document(row)
	p.parse(document, 0, at, to, 0, envelope{})
	if len(row) > c.width {
		p.reject(to, document, 0, invalid("", "is a CSV row of %d cells under %d headings; the first cells were read", len(row), c.width))
	}
	for i := range to.Rejected[rejected:] {
		x := &to.Rejected[rejected+i]
		x.Offset, x.Size = from, c.base+c.rows.InputOffset()-from
	}
	return nil
}

// name is a person or a source as the vendor's documents write it.
type csvName struct {
	Name string `json:"name,omitempty"`
}

type csvAttribute struct {
	Op    string `json:"op,omitempty"`
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
}

type csvRequest struct {
	Account    string         `json:"accountId,omitempty"`
	Op         string         `json:"op,omitempty"`
	Source     csvName        `json:"source,omitzero"`
	Result     csvResult      `json:"result"`
	Attributes []csvAttribute `json:"attributeRequests,omitempty"`
}

type csvResult struct {
	Status string   `json:"status"`
	Errors []string `json:"errors,omitempty"`
}

type csvDocument struct {
	DocType       string            `json:"_type"`
	ID            string            `json:"id,omitempty"`
	Tracking      string            `json:"trackingNumber,omitempty"`
	Created       string            `json:"created,omitempty"`
	Modified      string            `json:"modified,omitempty"`
	Action        string            `json:"action,omitempty"`
	Type          string            `json:"type,omitempty"`
	TechnicalName string            `json:"technicalName,omitempty"`
	Status        string            `json:"status,omitempty"`
	Stage         string            `json:"stage,omitempty"`
	Requester     csvName           `json:"requester,omitzero"`
	Recipient     csvName           `json:"recipient,omitzero"`
	Actor         csvName           `json:"actor,omitzero"`
	Target        csvName           `json:"target,omitzero"`
	Warnings      string            `json:"warnings,omitempty"`
	Requests      []csvRequest      `json:"accountRequests,omitempty"`
	Attributes    map[string]string `json:"attributes,omitempty"`
}

// document is the row as a document of the search index.
func (c *CSVReader) document(row []string) []byte {
	cell := func(field string) string {
		if i, ok := c.columns[field]; ok && i < len(row) {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	d := csvDocument{
		ID: cell("id"), Tracking: cell("tracking_number"), Created: cell("created"), Modified: cell("modified"), Action: cell("action"),
		Type: cell("type"), Status: cell("status"), Stage: cell("stage"), Warnings: cell("warning"),
		Requester: csvName{cell("requester")}, Recipient: csvName{cell("recipient")},
	}
	if c.columns.isEvent() {
		d.DocType = "event"
		d.TechnicalName = cell("technical_name")
		if d.TechnicalName == "" {
			d.TechnicalName = cell("name")
		}
		d.Actor, d.Target = csvName{cell("actor")}, csvName{cell("target")}
		d.Attributes = map[string]string{}
		for key, field := range map[string]string{
			"sourceName": "source", "accountName": "account", "attributeName": "attribute", "attributeValue": "value", "errors": "error",
		} {
			if text := cell(field); text != "" {
				d.Attributes[key] = text
			}
		}
	} else {
		d.DocType = "accountactivity"
		request := csvRequest{Account: cell("account"), Op: cell("operation"), Result: csvResult{Status: cell("status")}}
		if text := cell("error"); text != "" {
			request.Result.Errors = []string{text}
		}
		if name := cell("attribute"); name != "" {
			request.Attributes = []csvAttribute{{Op: cell("operation"), Name: name, Value: cell("value")}}
		}
		for source := range strings.SplitSeq(cell("source"), ",") { // one cell may list several
			request.Source.Name = strings.TrimSpace(source)
			d.Requests = append(d.Requests, request)
		}
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic(err) // strings are always written
	}
	return text
}
