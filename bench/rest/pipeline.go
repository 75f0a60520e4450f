package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// pipeline is a running provtrail with its ClickHouse.
type pipeline struct {
	collector *exec.Cmd
	log       *os.File
	http      string // ClickHouse
	password  string // file that has the one of ClickHouse's user provtrail
}

func start(ctx context.Context, o options, dir string) (*pipeline, error) {
	config, err := filepath.Abs(o.config)
	if err != nil {
		return nil, err
	}
	env := append(os.Environ(), "PROVTRAIL_DATA="+filepath.Join(dir, "data"))
	p := &pipeline{password: filepath.Join(dir, "data", "clickhouse", "password")}
	names := []string{"HEALTH", "CLICKHOUSE_NATIVE", "CLICKHOUSE_HTTP", "REPORT", "WEBHOOK", "METRICS"}
	addresses, err := blackbox.FreePorts(len(names))
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		address := addresses[i]
		switch name {
		case "CLICKHOUSE_HTTP":
			p.http = address
		case "METRICS":
			_, port, _ := net.SplitHostPort(address)
			env = append(env, "PROVTRAIL_METRICS_PORT="+port)
			continue
		}
		env = append(env, "PROVTRAIL_"+name+"="+address)
	}
	if p.log, err = os.Create(filepath.Join(dir, "collector.log")); err != nil {
		return nil, err
	}
	p.collector = exec.CommandContext(ctx, o.provtrail, "--config", config)
	p.collector.Env, p.collector.Stdout, p.collector.Stderr = env, p.log, p.log
	p.collector.Cancel = func() error { return p.collector.Process.Signal(syscall.SIGTERM) }
	return p, p.collector.Start()
}

func (p *pipeline) stop() error {
	defer p.log.Close()
	_ = p.collector.Process.Signal(syscall.SIGTERM)
	err := p.collector.Wait()
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		text, _ := os.ReadFile(p.log.Name())
		return fmt.Errorf("the collector ended with %w: %s", err, text[max(0, len(text)-2000):])
	}
	return err
}

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

// engine is the process id of ClickHouse, the collector's only child.
func (p *pipeline) engine() (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", p.collector.Process.Pid))
	if err != nil {
		return 0, err
	}
	if fields := strings.Fields(string(text)); len(fields) > 0 {
		return strconv.Atoi(fields[0])
	}
	// The child may belong to another thread of the collector.
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.collector.Process.Pid))
	if err != nil {
		return 0, err
	}
	for _, task := range tasks {
		if text, err := os.ReadFile(task); err == nil && len(strings.Fields(string(text))) > 0 {
			return strconv.Atoi(strings.Fields(string(text))[0])
		}
	}
	return 0, errors.New("the collector has no child process: is clickhouse_embedded in the configuration?")
}
