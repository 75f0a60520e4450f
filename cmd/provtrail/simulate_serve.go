package main

import (
	"fmt"
	"net"
	"net/http"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/internal/simulate/api"
)

// vendor is what "provtrail simulate --serve" takes besides the tenant.
type vendor struct {
	listen                 string
	clientID, clientSecret string
	rateLimit              int
	skew, latency          time.Duration
	webhook, webhookToken  string
	faults                 map[string]string
}

func (v *vendor) flags(f *pflag.FlagSet) {
	f.StringVar(&v.listen, "listen", v.listen, "with --serve: `address` to serve on")
	f.StringVar(&v.clientID, "client-id", "", "with --serve: the only client that gets a token (default: any)")
	f.StringVar(&v.clientSecret, "client-secret", "", "with --serve: the secret of --client-id")
	f.IntVar(&v.rateLimit, "rate-limit", 100, "with --serve: requests a client has in 10 s; negative: no limit")
	f.DurationVar(&v.skew, "clock-skew", 0, "with --serve: how far the vendor's clock is ahead")
	f.DurationVar(&v.latency, "latency", 0, "with --serve: what the vendor takes for each answer besides")
	f.StringVar(&v.webhook, "webhook", "", "with --serve: `URL` that Provisioning Completed triggers are posted to, without retries")
	f.StringVar(&v.webhookToken, "webhook-token", "", "with --serve: bearer token for --webhook")
	f.StringToStringVar(&v.faults, "fault", nil, "with --serve: fault and its probability, `name=0.01`; may be repeated")
}

func (v *vendor) serve(cmd *cobra.Command, o *simulate.Options) error {
	faults := make(map[string]float64, len(v.faults))
	for name, text := range v.faults {
		p, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("--fault %s=%s: the probability is no number; write it like %s=0.01", name, text, name)
		}
		faults[name] = p
	}
	server := api.NewServer(o.NewTenant(), api.Options{
		Now: o.Now, From: o.From, GroupsPerDay: o.GroupsPerDay, Late: o.Late, Ties: o.Ties, ClockSkew: v.skew, Seed: o.Seed,
		ClientID: v.clientID, ClientSecret: v.clientSecret, RateLimit: v.rateLimit, Latency: v.latency,
	})
	if err := server.SetFaults(faults); err != nil {
		return fmt.Errorf("--fault: %w", err)
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", v.listen)
	if err != nil {
		return fmt.Errorf("serve on %s: %w; choose another address with --listen", v.listen, err)
	}
	hook := api.Webhook{URL: v.webhook}
	if v.webhookToken != "" {
		hook.Header = http.Header{"Authorization": {"Bearer " + v.webhookToken}}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "tenant %s since %s at http://%s (token: POST /oauth/token); Ctrl-C ends it\n",
		o.Tenant, o.From.Format(time.RFC3339), listener.Addr())
	return simulate.Serve(ctx, listener, server, hook)
}
