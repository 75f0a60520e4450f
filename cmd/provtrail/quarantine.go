package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	archivereport "github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/internal/quarantine"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// quarantineFlags are the flags that all subcommands of quarantine share.
type quarantineFlags struct {
	quarantine.Query
	since, until string
	keys         string
}

func newQuarantineCommand() *cobra.Command {
	var flags quarantineFlags
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "List, show and requeue what could not be read",
		Long: `Works on the quarantine: texts that could not be understood or stored. They are kept
in the archive and in ClickHouse (whole up to 64 KiB each, secrets redacted), with the
reason, and are missing everywhere else.

The quarantine is read from the archive's files, or with --clickhouse from the table.
Nothing is ever removed from either; old records expire with the rest.`,
		Example: `  provtrail quarantine list
  provtrail quarantine list --since 24h --reason "group id"
  provtrail quarantine show 5f0c2a
  provtrail quarantine requeue --feed file --since 24h --into ./data/input
  provtrail quarantine list --clickhouse http://127.0.0.1:8123/provtrail`,
		Args: cobra.NoArgs,
	}
	f := cmd.PersistentFlags()
	f.StringVar(&flags.Archive, "archive", defaultArchive, "folder or bucket's URL of the archive, or of a copy of it")
	f.StringVar(&flags.ClickHouse, "clickhouse", "", "read the table instead: http://[user@]host:8123/database; the password comes from PROVTRAIL_CLICKHOUSE_PASSWORD")
	f.StringVar(&flags.keys, "keys", "", keysUsage)
	f.StringVar(&flags.since, "since", "", "received at or after: "+archivereport.TimeForms)
	f.StringVar(&flags.until, "until", "", "received before, in the same forms")
	f.StringVar(&flags.Tenant, "tenant", "", "only this tenant")
	f.StringVar(&flags.Feed, "feed", "", "only this feed: rest, search, events, webhook or file")
	f.StringVar(&flags.Reason, "reason", "", "only where the reason contains this text")
	f.StringVar(&flags.File, "file", "", "only where the file or address contains this text")
	cmd.AddCommand(newQuarantineListCommand(&flags), newQuarantineShowCommand(&flags), newQuarantineRequeueCommand(&flags))
	return cmd
}

// feeds are the values of --feed, whose default is all.
var feeds = []string{
	"", string(provisioning.FeedREST), string(provisioning.FeedSearch), string(provisioning.FeedEvents),
	string(provisioning.FeedWebhook), string(provisioning.FeedFile),
}

func (f *quarantineFlags) selected(cmd *cobra.Command, ids []string) (found []*record.Quarantined, err error) {
	query := f.Query
	query.IDs = ids
	if err := parseTimes(time.Now(), timeFlag{"--since", f.since, &query.Since}, timeFlag{"--until", f.until, &query.Until}); err != nil {
		return nil, err
	}
	if !slices.Contains(feeds, query.Feed) {
		return nil, fmt.Errorf("--feed: %q is none of %s", query.Feed, strings.Join(feeds[1:], ", "))
	}
	if query.ClickHouse != "" {
		return quarantine.Select(cmd.Context(), query)
	}
	err = withKeys(cmd, query.Archive, f.keys, func() error {
		found, err = quarantine.Select(cmd.Context(), query)
		return err
	})
	return found, err
}

func newQuarantineListCommand(flags *quarantineFlags) *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List quarantined records, the newest last",
		Example: `  provtrail quarantine list
  provtrail quarantine list --since 24h --feed file
  provtrail quarantine list --json | jq -r .reason | sort | uniq -c`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := flags.selected(cmd, nil)
			if err != nil {
				return err
			}
			if asJSON {
				return quarantine.WriteJSON(cmd.OutOrStdout(), found)
			}
			return quarantine.WriteTable(cmd.OutOrStdout(), found, limit)
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
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, ids []string) error {
			found, err := flags.selected(cmd, ids)
			if err != nil {
				return err
			}
			if asJSON {
				return quarantine.WriteJSON(cmd.OutOrStdout(), found)
			}
			return quarantine.Write(cmd.OutOrStdout(), found)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON document a line")
	return cmd
}

func newQuarantineRequeueCommand(flags *quarantineFlags) *cobra.Command {
	var into string
	var all, dryRun bool
	cmd := &cobra.Command{
		Use:   "requeue [ID...]",
		Short: "Let the collector read records again",
		Long: `Writes the texts of the records into one new file in a folder that the receiver's file
feed watches, so that the receiver reads them again: after an update that knows the
vendor's new document, for example. Requeueing twice does no harm: what is understood has
the same ids again, and what is not comes back into the quarantine.

Which records: ids, filters such as --since and --reason, or --all. They must be of one
tenant, the one that the watching receiver is configured for. A text that was cut because
of its length is left out and named; read it again from where it came from.`,
		Example: `  provtrail quarantine requeue 5f0c2a 81d07e --into ./data/input
  provtrail quarantine requeue --reason "group id" --since 24h --into ./data/input --dry-run
  provtrail quarantine requeue --all --tenant acme --into /var/lib/provtrail/input`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			filters := flags.since + flags.until + flags.Feed + flags.Reason + flags.File
			if len(ids) == 0 && filters == "" && !all {
				return errors.New("say which records: ids, a filter such as --since 24h, or --all")
			}
			found, err := flags.selected(cmd, ids)
			if err != nil {
				return err
			}
			return quarantine.Requeue(cmd.OutOrStdout(), found, into, dryRun)
		},
	}
	cmd.Flags().StringVar(&into, "into", "./data/input", "folder that the file feed watches (its setting include)")
	cmd.Flags().BoolVar(&all, "all", false, "all records that the other flags select")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be done, and write nothing")
	return cmd
}
