package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/internal/simulate/api"
	"github.com/provtrail/provtrail/internal/simulate/truth"
)

// separate takes only the embedded ClickHouse out of the default pipeline.
const separate = `
service:
  extensions: [health_check, file_storage, provisioning_history, provisioning_report]
`

// settling is how long the pipeline may be busy with the past before changes count.
const settling = time.Minute

// measure lets a tenant live by the real clock, with the receiver's default settings,
// and measures the time from each change at the vendor to its row in ClickHouse.
func measure(ctx context.Context, o *options, program, root, dir string) error {
	env, err := blackbox.Environment(dir)
	if err != nil {
		return err
	}
	ports, err := blackbox.FreePorts(1)
	if err != nil {
		return err
	}
	e, err := openEngine(ctx, filepath.Join(dir, "clickhouse"), env["PROVTRAIL_CLICKHOUSE_NATIVE"], env["PROVTRAIL_CLICKHOUSE_HTTP"])
	if err != nil {
		return err
	}
	defer e.close(context.WithoutCancel(ctx))
	if err := e.start(ctx); err != nil {
		return err
	}
	from := time.Now().UTC().Truncate(time.Hour)
	vendor, err := blackbox.Start(program, root, filepath.Join(dir, "vendor.log"), nil, "simulate", "--serve", "--listen", ports[0],
		"--seed", strconv.FormatUint(o.seed, 10), "--groups-per-day", strconv.FormatFloat(o.groupsPerDay, 'g', -1, 64),
		"--from", from.Format(time.RFC3339), "--webhook", "http://"+env["PROVTRAIL_WEBHOOK"]+"/sailpoint", "--late", "0")
	if err != nil {
		return err
	}
	defer vendor.Kill()
	config := filepath.Join(dir, "separate.yaml")
	if err := os.WriteFile(config, []byte(separate), 0o600); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "input"), 0o750); err != nil {
		return err
	}
	ofVendor(env, ports[0])
	collector, err := blackbox.Start(program, root, filepath.Join(dir, "collector.log"), env.List(),
		"--config", "collector-config.yaml", "--config", "sailpoint-config.yaml", "--config", config)
	if err != nil {
		return err
	}
	defer collector.Kill()
	begun := time.Now()
	shown := e.watch(ctx, o.duration)
	options := simulate.DefaultOptions()
	options.Seed = o.seed
	twin := api.NewServer(options.NewTenant(), api.Options{From: from, GroupsPerDay: o.groupsPerDay, Seed: o.seed})
	ages, unseen := ages(twin, shown, begun.Add(settling), begun.Add(o.duration-2*time.Minute))
	if len(ages) == 0 {
		return fmt.Errorf("no change was seen: the collector's log:\n%s", blackbox.Tail(filepath.Join(dir, "collector.log"), 5))
	}
	slices.Sort(ages)
	for _, p := range []int{50, 95, 99} {
		fmt.Printf("BENCH freshness_p%d %.1f s\n", p, ages[len(ages)*p/100].Seconds())
	}
	fmt.Printf("of %d changes; the longest %.1f s; %d more not seen until the end\n", len(ages), ages[len(ages)-1].Seconds(), unseen)
	return nil
}

// change is what an activity changes. The id does not identify it: that of a change on the identity
// system's own source is another one until a feed besides REST gives the source's id.
type change struct{ group, source, account, operation, attribute, value string }

func changeOf(a *truth.Activity) change {
	return change{a.GroupID, a.SourceName, strings.ToLower(a.AccountID), a.Operation, a.AttributeName, a.AttributeValue}
}

// state is an activity in a status.
type state struct {
	of     change
	status string
}

// watch asks again and again which activity is in which status, and returns when each
// was first to be seen.
func (e *engine) watch(ctx context.Context, last time.Duration) map[state]time.Time {
	shown := map[state]time.Time{}
	for end := time.Now().Add(last); time.Now().Before(end) && ctx.Err() == nil; blackbox.Sleep(ctx, 250*time.Millisecond) {
		rows, err := e.query(ctx, `SELECT group_id, source_name, account_id, operation, attribute_name, attribute_value, status
			FROM activities WHERE observed_at > now() - INTERVAL 2 MINUTE`)
		if err != nil {
			continue // the table may not be there yet
		}
		now := time.Now()
		for _, row := range rows {
			if s := (state{change{row[0], row[1], strings.ToLower(row[2]), row[3], row[4], row[5]}, row[6]}); shown[s].IsZero() {
				shown[s] = now
			}
		}
	}
	return shown
}

// ages is how long each new status between two times took until the activity's row showed
// it, or a later one, and how many never were shown.
func ages(twin *api.Server, shown map[state]time.Time, from, to time.Time) (out []time.Duration, unseen int) {
	type turn struct {
		at     time.Time
		status string
	}
	turns := map[change][]turn{}
	twin.Changes(func(at time.Time, activities []truth.Activity) {
		for i := range activities {
			a := &activities[i]
			of := changeOf(a)
			known := turns[of]
			if len(known) == 0 || known[len(known)-1].status != a.Status {
				turns[of] = append(known, turn{at, a.Status})
			}
		}
	})
	for of, list := range turns {
		for i, t := range list {
			again := slices.ContainsFunc(list[i:], func(later turn) bool {
				return slices.ContainsFunc(list[:i], func(was turn) bool { return was.status == later.status })
			})
			if t.at.Before(from) || t.at.After(to) || again { // where a status comes again, its first time hides what is between
				continue
			}
			first := time.Time{}
			for _, later := range list[i:] {
				if at := shown[state{of, later.status}]; !at.IsZero() && (first.IsZero() || at.Before(first)) {
					first = at
				}
			}
			if first.IsZero() {
				unseen++
				continue
			}
			out = append(out, first.Sub(t.at))
		}
	}
	return out, unseen
}
