package main

import (
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/provtrail/provtrail/internal/demo"
	"github.com/provtrail/provtrail/internal/simulate"
)

// newDemoCommand makes "provtrail demo", which is what `make run` runs.
func newDemoCommand() *cobra.Command {
	o := demo.Options{Config: defaultConfig, Tenant: simulate.DefaultOptions()}
	var days float64
	var once bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run ClickHouse, the default pipeline and a simulated tenant, and show what comes out",
		Long: `Demo runs the default pipeline over a simulated tenant: its last days at once, then
live traffic. When the past is in ClickHouse it prints the six statuses, the newest groups,
five things to look at and where everything is. It runs until Ctrl-C and then leaves nothing running. A second run
goes on with the data of the first.`,
		Example: `  provtrail demo                           # seven days, then live until Ctrl-C
  provtrail demo --days 1 --once           # one day, print the tables, stop`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if days < 0 {
				return fmt.Errorf("--days is %v, must not be negative", days)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			o.Out = cmd.OutOrStdout()
			o.Tenant.To = time.Now().UTC().Truncate(time.Millisecond)
			o.Tenant.From = o.Tenant.To.Add(-time.Duration(days * 24 * float64(time.Hour)))
			o.Tenant.Live, o.Tenant.Stories, o.Tenant.Envelopes = !once, true, true
			o.Tenant.Progress = terminal(cmd.ErrOrStderr())
			return demo.Run(ctx, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Config, "config", o.Config, "the collector's configuration `file`")
	f.Float64Var(&days, "days", 7, "length of the simulated past")
	f.Float64Var(&o.Tenant.GroupsPerDay, "groups-per-day", 1000, "actions in a mean day")
	f.Float64Var(&o.Tenant.Rate, "rate", 0, "live actions a second; 0: the rhythm of the days before")
	f.Uint64Var(&o.Tenant.Seed, "seed", o.Tenant.Seed, "what makes the tenant")
	f.DurationVar(&o.Timeout, "timeout", 5*time.Minute, "how long the past may take to arrive in ClickHouse")
	f.BoolVar(&once, "once", false, "stop after the tables are printed")
	return cmd
}
