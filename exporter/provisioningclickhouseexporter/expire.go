package provisioningclickhouseexporter

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/provtrail/provtrail/exporter/provisioningclickhouseexporter/internal/schema"
	"github.com/provtrail/provtrail/internal/clock"
)

const (
	expireInterval = time.Hour
	// held is how far the newest record may be behind the clock before it is said that
	// nothing newer expires.
	held = 24 * time.Hour
)

// expire removes what is older than its ttl, once an hour until ctx is done.
func (e *clickhouseExporter) expire(ctx context.Context) {
	holding := false
	for {
		now := time.Now()
		expired, err := e.tables.expire(ctx, now)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			e.log.Warn("What is older than its ttl could not be removed; it is tried again in an hour. The user needs ALTER DELETE.", zap.Error(err))
		case len(expired.Tables) > 0:
			e.log.Info("Removed what is older than its ttl", zap.Strings("tables", expired.Tables), zap.Time("by", expired.Until))
		}
		if hold := err == nil && now.Sub(expired.Until) > held && !expired.Until.IsZero(); hold != holding {
			holding = hold
			if hold {
				e.log.Info("No record of the last day: rows are kept by the time of the newest record, because the clock alone removes nothing",
					zap.Time("newest", expired.Until), zap.Time("clock", now))
			}
		}
		select {
		case <-time.After(expireInterval):
		case <-ctx.Done():
			return
		}
	}
}

// expire removes from every server what is older than its ttl.
func (t *tables) expire(ctx context.Context, now time.Time) (schema.Expired, error) {
	if t.nodes == nil {
		return schema.Expire(ctx, t.server, t.target, now)
	}
	return t.nodes.expire(ctx, t.target, now)
}

// expire works one node after the other: what it removes from a replica is gone from the
// others of the shard.
func (n *nodes) expire(ctx context.Context, target schema.Target, now time.Time) (all schema.Expired, err error) {
	list, _, err := n.find(ctx)
	if err != nil {
		return all, err
	}
	var errs []error
	for i := range list {
		server, err := n.connect(list[i].address)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		expired, err := schema.Expire(ctx, server, target, now)
		server.Close()
		errs = append(errs, err)
		all.Tables = append(all.Tables, expired.Tables...)
		all.Until = clock.Latest(all.Until, expired.Until)
	}
	return all, errors.Join(errs...)
}
