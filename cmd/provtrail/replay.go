package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/heal"
	"github.com/provtrail/provtrail/processor/provisioningprocessor"
	"github.com/provtrail/provtrail/provisioning"
)

type replayFlags struct {
	archiveFlags
	clickhouse                       clickhouseFlags
	filter                           heal.Filter
	since, until, format             string
	diff, write                      bool
	passed, signatures, state, label string
}

func newReplayCommand() *cobra.Command {
	var flags replayFlags
	cmd := &cobra.Command{
		Use:   "replay [ARCHIVE]",
		Short: "Fold archived observations again with today's rules",
		Long: `Reads the vendor's documents of an archive again with today's dialect, folds the
observations of each group with today's rules and error table, and shows which activities
would change and how. Nothing is written without --write.

--write stores the new states in the archive, as new records with the reason, and in
ClickHouse, where they supersede the old ones. What is sealed stays as it is. Stop the
collector before; its state (--state) continues above the new versions.

Give --passed-status and --error-signatures as in the collector's configuration. Observations
whose document is not archived, or was cut, are taken as they were read.

Filters select groups: those of which a record matches are folded, with all their records.
The exit status is 0 when nothing changes or the changes are written, 1 when activities would
change, and 2 when nothing matches or something could not be read or written.`,
		Example: `  provtrail replay ./data/archive --diff
  provtrail replay ./data/archive --since 30d --format csv > changes.csv
  provtrail replay ./data/archive --group 4711 --diff
  provtrail replay ./data/archive --write --reason "ticket 4711: new error table"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.directory = firstOr(args, defaultArchive)
			return withKeys(cmd, flags.directory, flags.keys, func() error { return replay(cmd, &flags) })
		},
	}
	f := cmd.Flags()
	f.BoolVar(&flags.diff, "diff", false, "show what changes; the default without --write")
	f.BoolVar(&flags.write, "write", false, "store the new states in both stores")
	f.StringVar(&flags.format, "format", "table", "of --diff: table, csv, or json (an activity a line)")
	f.StringVar(&flags.passed, "passed-status", "committed", "what PASSED and a trigger's SUCCESS mean, committed or success: the receiver's setting passed_status")
	f.StringVar(&flags.signatures, "error-signatures", "", "file of the processor's setting error_signatures")
	f.StringVar(&flags.label, "reason", "", "with --write: why, kept in the new records")
	f.StringVar(&flags.state, "state", "", "with --write: directory of the processor's state, or none where it has no state or a history (default: from the configuration that --clickhouse names)")
	flags.clickhouse.add(cmd, "clickhouse")
	addFilter(cmd, &flags.filter, &flags.since, &flags.until)
	keysFlag(cmd, &flags.keys)
	flags.addWriting(cmd)
	return cmd
}

func replay(cmd *cobra.Command, flags *replayFlags) (err error) {
	ctx := cmd.Context()
	if err := period(&flags.filter, flags.since, flags.until); err != nil {
		return err
	}
	r := heal.Replay{Filter: flags.filter, Progress: progressOn(cmd), Reason: flags.reasonText()}
	switch flags.passed {
	case "committed":
		r.PassedStatus = provisioning.StatusCommitted
	case "success":
		r.PassedStatus = provisioning.StatusSuccess
	default:
		return fmt.Errorf("--passed-status: %q is none of committed, success", flags.passed)
	}
	if r.Errors, err = provisioningprocessor.LoadSignatures(flags.signatures); err != nil {
		return fmt.Errorf("--error-signatures: %w", err)
	}
	if !slices.Contains([]string{"table", "csv", "json"}, flags.format) {
		return fmt.Errorf("--format: %q is none of table, csv, json", flags.format)
	}
	if r.From, err = archive.OpenView(ctx, flags.directory); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.From.Close()) }()
	if err := unlocked(r.From); err != nil {
		return err
	}
	var show changeWriter
	if flags.diff || !flags.write {
		show = newChangeWriter(flags.format, cmd.OutOrStdout())
	}
	var write *heal.Writer
	if flags.write {
		var done func() error
		if write, done, err = flags.writer(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, done()) }()
	}
	done, err := r.Run(ctx, func(g *heal.GroupChange) error {
		if show != nil {
			if err := show(g.Changes); err != nil {
				return err
			}
		}
		if write == nil {
			return nil
		}
		return write.Add(ctx, g)
	})
	if err == nil && write != nil {
		err = write.Flush(ctx)
	}
	if err == nil && show != nil {
		err = show(nil)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%d observations (%d read again from their documents) make %d activities; %d change\n",
		done.Observations, done.Reread, done.Activities, done.Changed)
	if done.Changed > 0 && !flags.write {
		err = fmt.Errorf("%w to what today's rules make of the observations: %d activities would change", errDiffer, done.Changed)
	}
	return err
}

// reasonText begins the reason of the new states.
func (f *replayFlags) reasonText() string {
	text := "provtrail " + version + " replay of " + time.Now().UTC().Format(time.RFC3339)
	if f.label != "" {
		text += " (" + f.label + ")"
	}
	return text
}

// writer opens both stores for writing.
func (f *replayFlags) writer(ctx context.Context) (_ *heal.Writer, done func() error, err error) {
	state, err := f.stateDirectory(ctx)
	if err != nil {
		return nil, nil, err
	}
	store, err := f.clickhouse.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	a, err := f.open(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close(ctx))
	}
	w := &heal.Writer{
		Begin: func(ctx context.Context, epoch uint32) error {
			if state == "none" {
				return nil
			}
			return provisioningprocessor.RaiseEpoch(ctx, state, epoch)
		},
		Archive: func(ctx context.Context, b []*columnar.Batch) error {
			_, err := a.WriteColumns(ctx, b)
			return err
		},
		ClickHouse: store.Write,
	}
	return w, func() error { return errors.Join(a.Close(), store.Close(ctx)) }, nil //nolint:contextcheck // has a time limit of its own
}

// stateDirectory is where the processor keeps its state; none where it keeps none.
func (f *replayFlags) stateDirectory(ctx context.Context) (string, error) {
	if f.state != "" {
		return f.state, nil
	}
	if strings.Contains(f.clickhouse.address, "://") {
		return "", errors.New("name the directory of the processor's state with --state, or none: the processor has to go on above the new versions")
	}
	cfg, err := readConfig(ctx, f.clickhouse.address)
	if err != nil {
		return "", err
	}
	for _, p := range cfg.Processors {
		if p, ok := p.(*provisioningprocessor.Config); ok && p.History == nil && p.State.HasValue() {
			return p.State.Get().Directory, nil
		}
	}
	return "none", nil
}
