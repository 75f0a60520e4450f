package main

import (
	"fmt"
	"net/http"
	"regexp"
	"syscall"
	"time"

	"github.com/provtrail/provtrail/internal/blackbox"
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
	err := blackbox.Await(a.ctx, time.Minute, func() error {
		status, text, err := blackbox.Get(a.ctx, "http://"+a.collector.env["PROVTRAIL_HEALTH"]+"/?verbose")
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
