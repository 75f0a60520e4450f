package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/provtrail/provtrail/archive"
	archivereport "github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/heal"
)

type doctorFlags struct {
	archiveFlags
	clickhouse           clickhouseFlags
	since, until, format string
	repair               string
}

func newDoctorCommand() *cobra.Command {
	var flags doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor [ARCHIVE]",
		Short: "Compare ClickHouse with an archive, and repair either from the other",
		Long: `Compares the records of both stores by id, version and state over a period, and checks
within ClickHouse that the tables beside the observations are what the observations make of
them. It finds

  missing, older   what one store lacks, or has in an older version
  differs          the same version with another state
  doubled          two states of one version: two collectors that did not know of each other
  outdated         states that lack stored observations: the processor had lost its state
  not summed       summaries of groups that are not those of their activities

--repair clickhouse stores what is missing there from the archive. --repair archive appends
what is missing there from ClickHouse, as new files and never into a sealed hour; stop the
collector before. Afterwards the stores are compared again.

Records that are on their way into a store are differences until they have arrived. What the
ttl of the exporter has removed is not compared.

The exit status is 0 when nothing differs, 1 when something does, and 2 when something could
not be looked at, or neither store holds anything of the period.`,
		Example: `  provtrail doctor ./data/archive
  provtrail doctor ./data/archive --since 24h --format json
  provtrail doctor ./data/archive --clickhouse clickhouse://127.0.0.1:9000/provtrail --since 2026-11-01 --until 2026-11-08
  provtrail doctor ./data/archive --repair clickhouse
  provtrail doctor ./data/archive --repair archive --signing-key ./data/archive-signing-key.pem`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.directory = firstOr(args, defaultArchive)
			return withKeys(cmd, flags.directory, flags.keys, func() error { return doctor(cmd, &flags) })
		},
	}
	f := cmd.Flags()
	flags.clickhouse.add(cmd, "clickhouse")
	f.StringVar(&flags.since, "since", "7d", "start of the period: "+archivereport.TimeForms)
	f.StringVar(&flags.until, "until", "now", "end of the period, not included, in the same forms")
	f.StringVar(&flags.format, "format", "table", "table or json")
	f.StringVar(&flags.repair, "repair", "", "store that is repaired from the other: clickhouse or archive")
	keysFlag(cmd, &flags.keys)
	flags.addWriting(cmd)
	return cmd
}

// addWriting adds the flags that writing an archive needs.
func (f *archiveFlags) addWriting(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.signingKey, "signing-key", "", "to write the archive: file of the signing key (default: ARCHIVE-signing-key.pem)")
	cmd.Flags().StringVar(&f.spool, "spool", "./data/archive-spool", "to write the archive in a bucket: the exporter's setting spool")
}

func doctor(cmd *cobra.Command, flags *doctorFlags) (err error) {
	ctx := cmd.Context()
	var filter heal.Filter
	if err := period(&filter, flags.since, flags.until); err != nil {
		return err
	}
	if !slices.Contains([]string{"table", "json"}, flags.format) {
		return fmt.Errorf("--format: %q is none of table, json", flags.format)
	}
	if !slices.Contains([]string{"", "clickhouse", "archive"}, flags.repair) {
		return fmt.Errorf("--repair: %q is none of clickhouse, archive", flags.repair)
	}
	view, err := archive.OpenView(ctx, flags.directory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	if flags.repair != "" {
		if err := unlocked(view); err != nil {
			return err
		}
	}
	store, err := flags.clickhouse.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close(ctx)) }()
	d := heal.Doctor{Archive: view, ClickHouse: store, Since: filter.Since, Until: filter.Until, Progress: progressOn(cmd)}
	var found *heal.Diagnosis
	if flags.repair == "archive" {
		found, err = flags.repairArchive(ctx, &d)
	} else {
		found, err = d.Run(ctx)
	}
	if err == nil && flags.repair != "" && !found.Equal {
		if flags.repair == "clickhouse" {
			_, err = heal.Repair(ctx, view, store, found, d.Progress)
		}
		if err == nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "repaired %s; what is left:\n", flags.repair)
			found, err = d.Run(ctx)
		}
	}
	if err != nil {
		return err
	}
	if flags.format == "json" {
		err = printJSON(cmd.OutOrStdout(), found)
	} else {
		err = printDiagnosis(cmd.OutOrStdout(), found)
	}
	if err == nil && !found.Equal {
		err = fmt.Errorf("%w: %d findings", errDiffer, len(found.Findings))
	}
	return err
}

// repairArchive appends to the archive what ClickHouse alone has.
func (f *doctorFlags) repairArchive(ctx context.Context, d *heal.Doctor) (found *heal.Diagnosis, err error) {
	a, err := f.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.Close()) }() //nolint:contextcheck // has a time limit of its own
	d.Append = func(ctx context.Context, batch *columnar.Batch) error {
		_, err := a.WriteColumns(ctx, []*columnar.Batch{batch})
		return err
	}
	found, err = d.Run(ctx)
	d.Append = nil
	return found, err
}

func printDiagnosis(w io.Writer, d *heal.Diagnosis) error {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.SetStyle(table.StyleLight)
	t.AppendHeader(table.Row{"Where", "What", "Table", "Hour (UTC)", "Rows", "Some ids", "Remedy"})
	for i := range d.Findings {
		f := &d.Findings[i]
		hour := ""
		if f.Hour != nil {
			hour = f.Hour.Format("2006-01-02 15:00")
		}
		t.AppendRow(table.Row{f.Store, f.Problem, f.Table, hour, f.Count, strings.Join(f.IDs[:min(len(f.IDs), 2)], "\n"), f.Remedy})
	}
	if len(d.Findings) > 0 {
		t.Render()
	}
	for _, n := range d.Notes {
		if _, err := fmt.Fprintln(w, "note: "+n); err != nil {
			return err
		}
	}
	verdict := "equal"
	if !d.Equal {
		verdict = "not equal"
	}
	_, err := fmt.Fprintf(w, "%s: %d records in the archive, %d in ClickHouse, from %s to %s\n",
		verdict, d.Archive, d.ClickHouse, d.Since.Format(time.RFC3339), d.Until.Format(time.RFC3339))
	return err
}
