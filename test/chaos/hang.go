package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"syscall"
	"time"
)

// hang lets ClickHouse stand still, with its connections open, under a collector that is well.
func (a *act) hang() error {
	if err := a.collector.healthy(a.ctx); err != nil {
		return err
	}
	a.engine.signal(syscall.SIGSTOP)
	return nil
}

// unanswered is what the health check says of ClickHouse: that the exporter could not insert, or
// that the processor, whose state was deleted, could not read groups back.
var unanswered = regexp.MustCompile(`"exporter:provisioning_clickhouse":{"healthy":false|asking provisioning_history`)

// goOn waits until the health check says so, and when ClickHouse goes on, until all is well.
func (a *act) goOn() error {
	err := await(a.ctx, time.Minute, func() error {
		status, text, err := a.collector.healthText(a.ctx)
		if err == nil && (status != http.StatusInternalServerError || !unanswered.MatchString(text)) {
			err = fmt.Errorf("ClickHouse hangs, and the health check answers %d: %s", status, text)
		}
		return err
	})
	a.engine.signal(syscall.SIGCONT)
	if err != nil {
		return err
	}
	return a.collector.healthy(a.ctx)
}

// healthText is the status and the text of the health check.
func (c *collector) healthText(ctx context.Context) (status int, text string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.health+"/?verbose", http.NoBody)
	if err != nil {
		return 0, "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}
