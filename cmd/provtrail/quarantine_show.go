package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/provtrail/provtrail/provisioning/record"
)

func newQuarantineListCommand(flags *quarantineFlags) *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List quarantined records, the newest last",
		Example: `  provtrail quarantine list
  provtrail quarantine list --since 24h --feed file
  provtrail quarantine list --json | jq -r .reason | sort | uniq -c`,
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := flags.selected(cmd.Context(), nil)
			if err != nil {
				return err
			}
			if asJSON {
				return writeQuarantineJSON(cmd.OutOrStdout(), found)
			}
			return writeQuarantineTable(cmd.OutOrStdout(), found, limit)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON document a line, with the texts")
	cmd.Flags().IntVar(&limit, "limit", 100, "how many of the newest are shown in the table, 0 for all")
	return cmd
}

func newQuarantineShowCommand(flags *quarantineFlags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID...",
		Short: "Show records with their text",
		Long:  "Shows records with their text. The first digits of an id are enough where only one begins so.",
		Example: `  provtrail quarantine show 5f0c2a
  provtrail quarantine show 5f0c2a --json | jq -r .original > document.json`,
		Args:         cobra.MinimumNArgs(1),
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, ids []string) error {
			found, err := flags.selected(cmd.Context(), ids)
			if err != nil {
				return err
			}
			if asJSON {
				return writeQuarantineJSON(cmd.OutOrStdout(), found)
			}
			return showQuarantined(cmd.OutOrStdout(), found)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON document a line")
	return cmd
}

// quarantinedJSON has the names of the table's columns.
type quarantinedJSON struct {
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

func writeQuarantineJSON(w io.Writer, found []*record.Quarantined) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	for _, q := range found {
		err := encoder.Encode(quarantinedJSON{
			EventID: q.EventID.String(), ObservedAt: q.ObservedAt.AsTime(), Tenant: q.Tenant, Feed: string(q.Feed), Reason: q.Reason,
			Field: q.Field, File: q.File, Position: q.Position, Size: q.Size, Original: q.Original,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// shownID is enough of an id for the eye, and for show and requeue.
const shownID = 12

func writeQuarantineTable(w io.Writer, found []*record.Quarantined, limit int) error {
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

func showQuarantined(w io.Writer, found []*record.Quarantined) error {
	var errs []error
	say := func(format string, args ...any) {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		errs = append(errs, err)
	}
	for i, q := range found {
		if i > 0 {
			say("")
		}
		say("id        %s", q.EventID)
		say("received  %s", q.ObservedAt.AsTime().Format(time.RFC3339))
		say("tenant    %s", printable(q.Tenant))
		say("feed      %s", printable(string(q.Feed)))
		say("from      %s, at %d", printable(q.File), q.Position)
		say("reason    %s", printable(q.Reason))
		if q.Field != "" {
			say("field     %s", printable(q.Field))
		}
		say("size      %d bytes%s", q.Size, wasCut(q))
		say("text      %s", printable(q.Original))
	}
	return errors.Join(errs...)
}

func wasCut(q *record.Quarantined) string {
	if isCut(q) {
		return fmt.Sprintf(", of which %d were kept", len(q.Original))
	}
	return ""
}

// keptWhole is up to how many bytes a text is kept whole.
const keptWhole = 64 << 10

// isCut says that the text was too long to be kept whole. (One whose secrets were
// redacted has another length than what was read.)
func isCut(q *record.Quarantined) bool {
	return q.Size > keptWhole && q.Size > int64(len(q.Original))
}

func cut(text string, runes int) string {
	r := []rune(text)
	if len(r) <= runes {
		return text
	}
	return string(r[:runes-1]) + "…"
}

// printable leaves nothing in a text that a terminal would obey: it came from outside.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
