package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/provtrail/provtrail/archive"
	archivereport "github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/internal/heal"
)

type restoreFlags struct {
	from         string
	to           clickhouseFlags
	keys         string
	filter       heal.Filter
	since, until string
}

func newRestoreCommand() *cobra.Command {
	var flags restoreFlags
	cmd := &cobra.Command{
		Use:   "restore",
		Short: "Fill ClickHouse again from an archive",
		Long: `Stores the records of an archive in ClickHouse, as the exporter stores them: observations
and states, from which the views follow, the summaries of groups, which are made from the
observations, and the quarantine. The tables are created where they are missing.

Doing it twice changes nothing. A restore that was ended goes on when the same command is
run again. The collector may run meanwhile, on the archive and on ClickHouse. It removes
again what is older than its ttl.

Filters that are repeated are alternatives; different filters must all match. The period is
that of what happened. Check the archive with provtrail verify before.

The exit status is 0 when everything is stored, and 2 when nothing in the archive matches,
or something could not be read or stored.`,
		Example: `  provtrail restore --from ./data/archive --to collector-config.yaml
  provtrail restore --from ./data/archive --to clickhouse://127.0.0.1:9000/provtrail --since 30d
  provtrail restore --from 's3://bucket/folder?region=eu-west-1' --to clickhouse://ada@db:9000/provtrail --tenant acme
  provtrail restore --identity ada.lovelace --since 2026-11-01 --until 2026-11-08`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withKeys(cmd, flags.from, flags.keys, func() error { return restore(cmd, &flags) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.from, "from", defaultArchive, "folder or bucket's URL of the archive")
	flags.to.add(cmd, "to")
	keysFlag(cmd, &flags.keys)
	addFilter(cmd, &flags.filter, &flags.since, &flags.until)
	return cmd
}

// addFilter adds the flags of a filter.
func addFilter(cmd *cobra.Command, filter *heal.Filter, since, until *string) {
	f := cmd.Flags()
	f.StringVar(since, "since", "", "only what happened at or after: "+archivereport.TimeForms)
	f.StringVar(until, "until", "", "only what happened before, in the same forms")
	f.StringArrayVar(&filter.Tenant, "tenant", nil, "only this tenant; may be repeated")
	f.StringArrayVar(&filter.Identity, "identity", nil, "only this person, by id or name; may be repeated")
	f.StringArrayVar(&filter.Group, "group", nil, "only this group, by id or number; may be repeated")
}

// period reads the times of a filter.
func period(filter *heal.Filter, since, until string) error {
	if err := parseTimes(time.Now(), timeFlag{"--since", since, &filter.Since}, timeFlag{"--until", until, &filter.Until}); err != nil {
		return err
	}
	if !filter.Until.IsZero() && !filter.Since.Before(filter.Until) {
		return errors.New("--since is not before --until")
	}
	return nil
}

func restore(cmd *cobra.Command, flags *restoreFlags) (err error) {
	ctx := cmd.Context()
	if err := period(&flags.filter, flags.since, flags.until); err != nil {
		return err
	}
	view, err := archive.OpenView(ctx, flags.from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	if err := unlocked(view); err != nil {
		return err
	}
	to, err := flags.to.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close(ctx)) }()
	begin := time.Now()
	r := heal.Restore{From: view, To: to, Name: flags.name(), Filter: flags.filter, Progress: progressOn(cmd)}
	done, err := r.Run(ctx)
	if err != nil {
		return err
	}
	if done.Erased > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "%d groups of forgotten persons have no summary: it is made of what was erased\n", done.Erased)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "restored %d records and the summaries of %d groups from %d files in %s%s\n",
		done.Rows, done.Groups, done.Files, time.Since(begin).Round(100*time.Millisecond), skipped(done.Skipped))
	return err
}

// name distinguishes restores. The start of the period is as it was written: 30d of a later
// run is within that of an earlier one.
func (f *restoreFlags) name() string {
	from := f.from
	if absolute, err := filepath.Abs(from); err == nil && !archive.IsURL(from) {
		from = absolute
	}
	return fmt.Sprintf("%q %q %q %q %q %q", from, f.since, f.filter.Until, f.filter.Tenant, f.filter.Identity, f.filter.Group)
}

func skipped(files int) string {
	if files == 0 {
		return ""
	}
	return fmt.Sprintf("; an earlier restore had stored %d files", files)
}
