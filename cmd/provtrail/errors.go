package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/errorclass"
)

func newErrorsCommand() *cobra.Command {
	var signatures string
	cmd := &cobra.Command{
		Use:   "errors",
		Short: "Explain error texts, list the known signatures, propose new ones",
		Long: `Works on the table that gives each failed change its category, signature and next
action. A file with the same columns extends and overrides the table: the processor's
setting error_signatures names it, here --signatures does.`,
		Example: `  provtrail errors explain "ORA-01017: invalid username/password; logon denied"
  provtrail errors list --category auth_failed
  provtrail errors propose "Widget 42 jammed" >> signatures.tsv`,
		Args: cobra.NoArgs,
	}
	cmd.PersistentFlags().StringVar(&signatures, "signatures", "", "file of signatures of your own, tab-separated as the output of propose")
	classifier := func() (*errorclass.Classifier, error) {
		if signatures == "" {
			return errorclass.Extend(nil)
		}
		f, err := os.Open(signatures)
		if err != nil {
			return nil, fmt.Errorf("--signatures: %w", err)
		}
		defer f.Close()
		c, err := errorclass.Extend(f)
		if err != nil {
			return nil, fmt.Errorf("--signatures %s: %w", signatures, err)
		}
		return c, nil
	}
	cmd.AddCommand(newErrorsExplainCommand(classifier), newErrorsListCommand(classifier), newErrorsProposeCommand(classifier))
	return cmd
}

func newErrorsExplainCommand(classifier func() (*errorclass.Classifier, error)) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain TEXT",
		Short: "Say what kind of error a text is, who acts and what to do next",
		Long: `Says what kind of error a text is, who acts and what to do next. With - the text is
read from standard input.

Exits with 1 where no signature knows the text.`,
		Example: `  provtrail errors explain "Read timed out"
  provtrail errors explain --json - < error.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := classifier()
			if err != nil {
				return err
			}
			what := args[0]
			if what == "-" {
				raw, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 1<<20))
				if err != nil {
					return fmt.Errorf("read the text: %w", err)
				}
				what = string(raw)
			}
			return explain(cmd.OutOrStdout(), c, what, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func explain(w io.Writer, c *errorclass.Classifier, what string, asJSON bool) error {
	result := c.Classify(errorclass.Input{Status: provisioning.StatusFailed, Error: what})
	info, _ := result.Category.Info()
	action, retry := info.Action, info.Retry
	if s := c.Signature(result.Signature); s != nil {
		action, retry = s.Action, s.Retry
	}
	if asJSON {
		err := printJSON(w, map[string]string{
			"category": string(result.Category), "title": info.Title, "signature": result.Signature, "who_acts": info.Actor,
			"retryable": string(retry), "next_action": action, "normalized": errorclass.Normalize(what),
		})
		if err != nil {
			return err
		}
	} else {
		fmt.Fprintf(w, "category:    %s (%s)\nsignature:   %s\nwho acts:    %s\nretry helps: %s\nnext action: %s\n",
			result.Category, info.Title, strings.TrimSpace(result.Signature+" "), info.Actor, retry, action)
	}
	if result.Category == errorclass.Unclassified {
		return errUnknownText
	}
	return nil
}

func newErrorsListCommand(classifier func() (*errorclass.Classifier, error)) *cobra.Command {
	var category string
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the signatures in the order of precedence",
		Example: "  provtrail errors list\n  provtrail errors list --category permission_denied",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, ok := errorclass.Category(category).Info(); category != "" && !ok {
				return fmt.Errorf("--category %q is no category: %s", category, strings.Join(categoryNames(), ", "))
			}
			c, err := classifier()
			if err != nil {
				return err
			}
			t := table.NewWriter()
			t.SetOutputMirror(cmd.OutOrStdout())
			t.SetStyle(table.StyleLight)
			t.SetColumnConfigs([]table.ColumnConfig{{Number: 5, WidthMax: 70, WidthMaxEnforcer: text.WrapSoft}})
			t.AppendHeader(table.Row{"signature", "category", "connector", "retry", "next action"})
			for _, s := range c.Signatures() {
				if category == "" || category == string(s.Category) {
					t.AppendRow(table.Row{s.ID, s.Category, s.Connector, s.Retry, s.Action})
				}
			}
			t.Render()
			return nil
		},
	}
	cmd.Flags().StringVar(&category, "category", "", "only this category")
	return cmd
}

func categoryNames() []string {
	names := make([]string, len(errorclass.Categories))
	for i := range errorclass.Categories {
		names[i] = string(errorclass.Categories[i].Category)
	}
	return names
}

func newErrorsProposeCommand(classifier func() (*errorclass.Classifier, error)) *cobra.Command {
	var id, category string
	cmd := &cobra.Command{
		Use:   "propose TEXT",
		Short: "Print a row for a file of signatures that matches a text",
		Long: `Prints a row that matches the text and texts that differ from it in names, ids, times
and numbers only. Look at its pattern, category and action before you use it.`,
		Example: `  provtrail errors propose "Widget 42 jammed" --id widget_jammed --category configuration_error`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := classifier()
			if err != nil {
				return err
			}
			s, err := errorclass.Propose(args[0], id, errorclass.Category(category))
			if err != nil {
				return err
			}
			if known := c.Match(args[0]); known != nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "the signature %s (%s) knows this text already; the row would take its place\n", known.ID, known.Category)
			}
			fmt.Fprintln(cmd.OutOrStdout(), s.Line())
			return nil
		},
	}
	cmd.Flags().StringVar(&id, "id", "", "id of the signature (default: made of the text's words)")
	cmd.Flags().StringVar(&category, "category", string(errorclass.Unclassified), "category of the signature")
	return cmd
}
