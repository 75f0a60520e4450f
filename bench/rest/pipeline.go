package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// pipeline is a running provtrail with its ClickHouse.
type pipeline struct {
	collector *blackbox.Process
	http      string // ClickHouse
	password  string // file that has the one of ClickHouse's user provtrail
}

func start(o options, dir string) (*pipeline, error) {
	config, err := filepath.Abs(o.config)
	if err != nil {
		return nil, err
	}
	env, err := blackbox.Environment(filepath.Join(dir, "data"))
	if err != nil {
		return nil, err
	}
	p := &pipeline{http: env["PROVTRAIL_CLICKHOUSE_HTTP"], password: filepath.Join(dir, "data", "clickhouse", "password")}
	p.collector, err = blackbox.Start(o.provtrail, "", filepath.Join(dir, "collector.log"), env.List(), "--config", config)
	return p, err
}

func (p *pipeline) stop() error { return p.collector.Stop(time.Minute) }

// settle waits until all documents are stored and nothing was merged for a while.
func (p *pipeline) settle(ctx context.Context, documents int64) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 5*time.Minute, fmt.Errorf("the %d documents of the start were not all stored after 5 minutes", documents))
	defer cancel()
	quiet, last := 0, int64(-1)
	for quiet < 10 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Second):
		}
		stored, err := p.number(ctx, "SELECT uniqExact(vendor_id) FROM provtrail.provisioning_observations")
		merged, err2 := p.number(ctx, "SELECT sum(value) FROM system.events WHERE event = 'MergedRows'")
		if err != nil || err2 != nil || stored == 0 || merged != last {
			quiet, last = 0, merged
			continue
		}
		quiet++
	}
	return nil
}

// query asks ClickHouse and returns its answer.
func (p *pipeline) query(ctx context.Context, sql string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.http+"/?query="+url.QueryEscape(sql), http.NoBody)
	if err != nil {
		return "", err
	}
	password, err := os.ReadFile(p.password)
	if err != nil {
		return "", err // ClickHouse has not started yet
	}
	req.SetBasicAuth("provtrail", strings.TrimSpace(string(password)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("ClickHouse: %s", body)
	}
	return strings.TrimSpace(string(body)), err
}

func (p *pipeline) number(ctx context.Context, sql string) (int64, error) {
	text, err := p.query(ctx, sql)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}
