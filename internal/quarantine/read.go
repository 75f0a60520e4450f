package quarantine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// readArchive reads the quarantine files of an archive, with the keys of the context.
func readArchive(ctx context.Context, location string, take func(*record.Quarantined)) (err error) {
	view, err := archive.OpenView(ctx, location)
	if err != nil {
		return fmt.Errorf("--archive: %w", err)
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	files, err := view.Files(ctx)
	if err != nil {
		return err
	}
	for _, f := range files {
		if !f.Quarantine() {
			continue
		}
		for q, err := range view.Quarantined(ctx, f.Name) {
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if err == nil {
				row := *q
				take(&row)
			}
		}
	}
	return nil
}

const quarantineQuery = `SELECT event_id, tenant, feed, reason, file, position, field, size, observed_at, original
FROM quarantine
WHERE observed_at >= fromUnixTimestamp64Micro({since:Int64}) AND observed_at < fromUnixTimestamp64Micro({until:Int64})
ORDER BY observed_at, event_id`

// readClickHouse reads the view quarantine over HTTP.
func readClickHouse(ctx context.Context, address string, since, until time.Time, take func(*record.Quarantined)) (err error) {
	options, err := clickHouseOptions(address)
	if err != nil {
		return err
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return fmt.Errorf("--clickhouse: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if until.IsZero() {
		until = time.Now().Add(time.Hour)
	}
	rows, err := conn.Query(ctx, quarantineQuery,
		clickhouse.Named("since", strconv.FormatInt(max(since.UnixMicro(), 0), 10)), clickhouse.Named("until", strconv.FormatInt(until.UnixMicro(), 10)))
	if err != nil {
		return fmt.Errorf("read the quarantine of ClickHouse at %s, nothing was changed: %w", options.Addr[0], err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var q record.Quarantined
		var id, feed string
		var at time.Time
		if err := rows.Scan(&id, &q.Tenant, &feed, &q.Reason, &q.File, &q.Position, &q.Field, &q.Size, &at, &q.Original); err != nil {
			return fmt.Errorf("read the quarantine of ClickHouse: %w", err)
		}
		if q.EventID, err = provisioning.ParseID(id); err != nil {
			return err
		}
		q.Feed, q.ObservedAt = provisioning.Feed(feed), pcommon.NewTimestampFromTime(at)
		take(&q)
	}
	return rows.Err()
}

func clickHouseOptions(address string) (*clickhouse.Options, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, errors.New("--clickhouse: give the address of ClickHouse's HTTP interface, for example http://127.0.0.1:8123/provtrail")
	}
	if _, given := u.User.Password(); given {
		return nil, errors.New("--clickhouse: put the password into PROVTRAIL_CLICKHOUSE_PASSWORD, where other users of this machine do not see it")
	}
	user := "default"
	if u.User.Username() != "" {
		user = u.User.Username()
	}
	u.User = url.UserPassword(user, os.Getenv("PROVTRAIL_CLICKHOUSE_PASSWORD"))
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/provtrail"
	}
	options, err := clickhouse.ParseDSN(u.String())
	if err != nil {
		return nil, errors.New("--clickhouse: the address cannot be read") // err may hold the password
	}
	return options, nil
}
