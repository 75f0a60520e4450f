package main

import (
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	archivereport "github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/internal/simulate/api"
)

const simulateExamples = `  # the last seven days, into data/simulated/inbox, with the truth in data/simulated/truth
  provtrail simulate --days 7

  # the last seven days, then live traffic of 5 groups a second until Ctrl-C
  provtrail simulate --days 7 --live --rate 5

  # a fixed period of a big tenant: the same seed and period give the same bytes
  provtrail simulate --from 2026-03-02T00:00:00Z --to 2026-03-09T00:00:00Z --seed 42 --groups-per-day 50000 --out /tmp/big

  # a tenant whose clock shows a Monday morning, so that the run can be repeated
  provtrail simulate --now 2026-03-09T08:00:00Z --days 2

  # only what the search indices would show, much of it late
  provtrail simulate --days 2 --feeds search,events --late 0.2

  # the vendor's API on 127.0.0.1:8089, with triggers to a webhook and some faults
  provtrail simulate --serve --webhook http://127.0.0.1:8088/sailpoint --fault half_body=0.01 --fault rate_limited=0.02`

// newSimulateCommand makes "provtrail simulate".
func newSimulateCommand() *cobra.Command {
	o := simulate.DefaultOptions()
	var now, from, to string
	var days float64
	var serve bool
	v := vendor{listen: "127.0.0.1:8089"}
	cmd := &cobra.Command{
		Use:   "simulate",
		Short: "Write the documents of a simulated SailPoint tenant, and the truth about them",
		Long: `Simulate plays a tenant: people ask for access, approvers decide, accounts are
changed, connectors fail and try again. It writes the documents the vendor's
feeds would have given as NDJSON below OUT/inbox, one folder a feed, one file an
hour, and what is true about them below OUT/truth.

With --serve it writes nothing and is the vendor's HTTP API instead: any client id
and secret gets a token unless --client-id says otherwise. Faults are set with
--fault or while it runs: POST /_control/faults {"half_body": 0.01}. See also
/_control/clock, /_control/stats, /_control/counts and /_control/truth. Faults:
  ` + strings.Join(api.FaultNames, "\n  "),
		Example: simulateExamples,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := setPeriod(&o, now, from, to, days); err != nil {
				return err
			}
			if serve {
				return v.serve(cmd, &o)
			}
			o.Progress = terminal(cmd.ErrOrStderr())
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			summary, err := simulate.Run(ctx, o)
			if err != nil {
				return fmt.Errorf("simulate: %w", err)
			}
			report(cmd.OutOrStdout(), &o, summary)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Out, "out", o.Out, "`folder` that gets inbox/ and truth/")
	f.BoolVar(&o.Append, "append", o.Append, "add to the files of an earlier run in the same folder")
	f.Float64Var(&days, "days", 7, "length of the past period; 0: none")
	f.StringVar(&now, "now", "", "what the clock shows at the start, a `time`: "+archivereport.TimeForms+" (default: the time of the machine)")
	f.StringVar(&from, "from", "", "begin of the period, a `time` in the same forms; ago is before --now (default: --days before its end)")
	f.StringVar(&to, "to", "", "end of the period, a `time` in the same forms (default: --now)")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "what makes the tenant and its history; the same seed gives the same")
	f.StringVar(&o.Tenant, "tenant", o.Tenant, "name of the tenant")
	f.IntVar(&o.Identities, "identities", o.Identities, "people in the tenant")
	f.Float64Var(&o.GroupsPerDay, "groups-per-day", o.GroupsPerDay, "actions in a mean day")
	f.StringSliceVar(&o.Feeds, "feeds", o.Feeds, "feeds to write: rest, search, events, webhook")
	f.Float64Var(&o.Late, "late", o.Late, "share of search documents and events that appear up to 24 h late")
	f.Float64Var(&o.Duplicates, "duplicates", o.Duplicates, "share of documents written twice")
	f.Float64Var(&o.Shuffle, "shuffle", o.Shuffle, "share of documents written out of order, up to 10 min late")
	f.Int64Var(&o.FileSize, "file-size", o.FileSize, "`bytes` after which a file of the same hour is followed by another")
	f.Float64Var(&o.Ties, "ties", o.Ties, "share of groups that change at the very same times as others")
	f.BoolVar(&serve, "serve", false, "serve the vendor's API over the tenant instead of writing files")
	v.flags(f)
	f.BoolVar(&o.Live, "live", o.Live, "go on in real time after the period, until Ctrl-C")
	f.DurationVar(&o.LiveFor, "live-for", o.LiveFor, "how long to be live (default: until Ctrl-C)")
	f.Float64Var(&o.Rate, "rate", o.Rate, "actions a second while live; 0: the tenant's own rhythm of the day")
	return cmd
}

func setPeriod(o *simulate.Options, now, from, to string, days float64) error {
	begun := time.Now()
	o.Now, o.To = time.Now, begun.UTC().Truncate(time.Millisecond)
	if err := parseTimes(begun, timeFlag{"--now", now, &o.To}); err != nil {
		return err
	}
	clock := o.To
	if now != "" {
		o.Now = func() time.Time { return clock.Add(time.Since(begun)) }
	}
	if err := parseTimes(clock, timeFlag{"--to", to, &o.To}); err != nil {
		return err
	}
	o.From = o.To.Add(-time.Duration(days * 24 * float64(time.Hour)))
	if err := parseTimes(clock, timeFlag{"--from", from, &o.From}); err != nil {
		return err
	}
	if o.From.After(o.To) {
		return errors.New("--from is after --to")
	}
	return nil
}

func report(w io.Writer, o *simulate.Options, s simulate.Summary) {
	rate := 0.0
	if s.Elapsed > 0 {
		rate = float64(s.Documents) / s.Elapsed.Seconds()
	}
	fmt.Fprintf(w, "%d groups, %d documents in %s (%.0f documents/s)\n", s.Groups, s.Documents, s.Elapsed.Round(time.Millisecond), rate)
	for _, feed := range simulate.Feeds {
		if n := s.ByFeed[feed]; n > 0 {
			fmt.Fprintf(w, "  %-8s %d\n", feed, n)
		}
	}
	fmt.Fprintf(w, "documents: %s\ntruth:     %s\n", o.Inbox(), o.Truth())
}
