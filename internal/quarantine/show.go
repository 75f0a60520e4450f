package quarantine

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/provtrail/provtrail/provisioning/record"
)

// document has the names of the table's columns.
type document struct {
	EventID    string    `json:"event_id"`
	ObservedAt time.Time `json:"observed_at"`
	Tenant     string    `json:"tenant"`
	Feed       string    `json:"feed"`
	Reason     string    `json:"reason"`
	Field      string    `json:"field,omitempty"`
	File       string    `json:"file,omitempty"`
	Position   int64     `json:"position"`
	Size       int64     `json:"size"`
	Original   string    `json:"original"`
}

// WriteJSON writes one JSON document a line, texts included.
func WriteJSON(w io.Writer, found []*record.Quarantined) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for _, q := range found {
		err := encoder.Encode(document{
			EventID: q.EventID.String(), ObservedAt: q.ObservedAt.AsTime(), Tenant: q.Tenant, Feed: string(q.Feed), Reason: q.Reason,
			Field: q.Field, File: q.File, Position: q.Position, Size: q.Size, Original: q.Original,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// shownID is the number of digits of an id that the table shows, enough for show and requeue.
const shownID = 12

// WriteTable writes a table of the newest records, at most limit of them; 0 for all.
func WriteTable(w io.Writer, found []*record.Quarantined, limit int) error {
	if len(found) == 0 {
		_, err := fmt.Fprintln(w, "nothing in the quarantine matches")
		return err
	}
	shown := found
	if limit > 0 && len(found) > limit {
		shown = found[len(found)-limit:]
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.AppendHeader(table.Row{"id", "received", "tenant", "feed", "size", "from", "reason"})
	for _, q := range shown {
		from := path.Base(q.File)
		if q.File == "" {
			from = "-"
		}
		t.AppendRow(table.Row{
			q.EventID.String()[:shownID], q.ObservedAt.AsTime().Format("2006-01-02 15:04:05Z"), printable(q.Tenant), printable(string(q.Feed)),
			q.Size, printable(fmt.Sprintf("%s:%d", from, q.Position)), printable(cut(q.Reason, 90)),
		})
	}
	_, err := fmt.Fprintf(w, "%s\n%d of %d records\n", t.Render(), len(shown), len(found))
	return err
}

// Write writes the records with everything that is known of them.
func Write(w io.Writer, found []*record.Quarantined) error {
	var text strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	for i, q := range found {
		if i > 0 {
			line("")
		}
		line("id        %s", q.EventID)
		line("received  %s", q.ObservedAt.AsTime().Format(time.RFC3339))
		line("tenant    %s", printable(q.Tenant))
		line("feed      %s", printable(string(q.Feed)))
		line("from      %s, at %d", printable(q.File), q.Position)
		line("reason    %s", printable(q.Reason))
		if q.Field != "" {
			line("field     %s", printable(q.Field))
		}
		line("size      %d bytes%s", q.Size, wasCut(q))
		line("text      %s", printable(q.Original))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func wasCut(q *record.Quarantined) string {
	if isCut(q) {
		return fmt.Sprintf(", of which %d were kept", len(q.Original))
	}
	return ""
}

// maxKept is the size in bytes up to which a text is kept whole.
const maxKept = 64 << 10

// isCut says whether the text was too long to be kept whole. The length alone does not
// say it: redacted secrets change the length.
func isCut(q *record.Quarantined) bool {
	return q.Size > maxKept && q.Size > int64(len(q.Original))
}

func cut(text string, runes int) string {
	r := []rune(text)
	if len(r) <= runes {
		return text
	}
	return string(r[:runes-1]) + "…"
}

// printable replaces control characters: the text is foreign, and a terminal would obey them.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
