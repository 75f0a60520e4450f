package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/provtrail/provtrail/internal/blackbox"
	"github.com/provtrail/provtrail/internal/simulate"
	"github.com/provtrail/provtrail/internal/simulate/api"
)

// usual are the faults the vendor has all the time: one answer in twenty is none.
var usual = map[string]float64{
	api.FaultRateLimited: 0.01, api.FaultServerError: 0.01, api.FaultBadGateway: 0.005, api.FaultHTML: 0.005,
	api.FaultNotAnArray: 0.005, api.FaultHalfBody: 0.01, api.FaultExpiredToken: 0.005, api.FaultGzip: 0.05,
	api.FaultSlowDrip: 0.005, api.FaultRedirect: 0.01, api.FaultRepeatPage: 0.02, api.FaultMovingRows: 0.02,
	api.FaultUnknownFields: 0.01, api.FaultTriggerDrop: 0.1, api.FaultTriggerDouble: 0.1, api.FaultTriggerReorder: 0.1,
}

// vendor is the simulated vendor's process. Its clock runs from from to to while the
// run lasts; jump moves it aside for a while.
type vendor struct {
	process  *blackbox.Process
	endpoint string
	from, to time.Time
	begun    time.Time
	last     time.Duration // of the run
	options  simulate.Options

	mu   sync.Mutex // guards everything below
	jump time.Duration
}

const ties = 0.3

func startVendor(ctx context.Context, program, root, dir, address, hook string, o *options) (*vendor, error) {
	// Whole hours, so that the same run again has the same tenant.
	to := time.Now().UTC().Truncate(time.Hour)
	v := &vendor{endpoint: "http://" + address, to: to, from: to.Add(-time.Duration(o.days * 24 * float64(time.Hour))), last: o.duration}
	v.options = simulate.DefaultOptions()
	v.options.Seed, v.options.GroupsPerDay, v.options.Late, v.options.Ties = o.seed, o.groupsPerDay, o.late, ties
	v.options.From, v.options.To = v.from, v.to
	number := func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
	var err error
	v.process, err = blackbox.Start(program, root, filepath.Join(dir, "vendor.log"), nil, "simulate", "--serve", "--listen", address,
		"--seed", strconv.FormatUint(o.seed, 10), "--groups-per-day", number(o.groupsPerDay), "--late", number(o.late), "--ties", number(ties),
		"--from", v.from.Format(time.RFC3339), "--to", v.to.Format(time.RFC3339),
		"--clock-skew", time.Until(v.from).String(), "--webhook", hook)
	if err != nil {
		return nil, err
	}
	v.begun = time.Now()
	return v, blackbox.Await(ctx, 30*time.Second, func() error { return v.faults(ctx, usual) })
}

// ofVendor lets a collector poll the vendor at an address.
func ofVendor(env blackbox.Env, address string) {
	env["PROVTRAIL_SAILPOINT_ENDPOINT"] = "http://" + address
	env["PROVTRAIL_SAILPOINT_CLIENT_ID"], env["PROVTRAIL_SAILPOINT_CLIENT_SECRET"] = "chaos", "secret"
}

// tick lets the vendor's clock run until ctx ends.
func (v *vendor) tick(ctx context.Context) {
	for ctx.Err() == nil {
		_ = v.control(ctx, "clock", map[string]string{"skew": time.Until(v.now()).String()}) // again soon
		blackbox.Sleep(ctx, 100*time.Millisecond)
	}
}

// now is the vendor's time. It never is past the end: what nobody expects would be seen.
func (v *vendor) now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	passed := min(time.Since(v.begun), v.last)
	now := v.from.Add(time.Duration(float64(v.to.Sub(v.from)) * float64(passed) / float64(v.last))).Add(v.jump)
	if now.After(v.to) {
		return v.to
	}
	return now
}

func (v *vendor) skew(by time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.jump = by
}

// freeze stops the vendor's clock at the end of the period.
func (v *vendor) freeze(ctx context.Context) error {
	return v.control(ctx, "clock", map[string]string{"at": v.to.Format(time.RFC3339)})
}

func (v *vendor) faults(ctx context.Context, faults map[string]float64) error {
	return v.control(ctx, "faults", faults)
}

// worse multiplies the usual faults.
func worse(by float64) map[string]float64 {
	out := maps.Clone(usual)
	for name := range out {
		out[name] *= by
	}
	return out
}

func none() map[string]float64 { return worse(0) }

func (v *vendor) control(ctx context.Context, what string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.endpoint+"/_control/"+what, bytes.NewReader(data))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 200))
		return fmt.Errorf("the vendor's %s: %s: %s", what, response.Status, text)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// twin is the vendor's API once more, in this process and at the end of its time: the
// truth.
func (v *vendor) twin() *api.Server {
	return api.NewServer(v.options.NewTenant(), api.Options{
		From: v.from, GroupsPerDay: v.options.GroupsPerDay, Late: v.options.Late, Ties: v.options.Ties,
		Seed: v.options.Seed, Now: func() time.Time { return v.to },
	})
}

// restart lets the vendor's time begin now: whoever reads it is up.
func (v *vendor) restart() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.begun = time.Now()
}
