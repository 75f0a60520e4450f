package heal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/provisioning/record"
)

const (
	observations    = "provisioning_observations"
	quarantine      = "provisioning_quarantine"
	reconciliations = "provisioning_reconciliations"
)

// period is the period as a condition on records, without those that have expired.
func (d *Doctor) period() string {
	return d.within("occurred_at") + fmt.Sprintf(" AND observed_at >= fromUnixTimestamp64Micro(toInt64(%d))", max(d.expired.UnixMicro(), 0))
}

// within is the period as a condition on a column.
func (d *Doctor) within(column string) string {
	return fmt.Sprintf("%s >= fromUnixTimestamp64Micro(toInt64(%d)) AND %s < fromUnixTimestamp64Micro(toInt64(%d))",
		column, d.Since.UnixMicro(), column, d.Until.UnixMicro())
}

// cell is a part of the events, of which both stores have a digest.
type cell struct {
	hour   uint32
	prefix string
}

type digest struct {
	count int64
	sum   uint64
}

// compareRecords compares activity records: first the digests of each hour, and where those
// differ the ids.
func (d *Doctor) compareRecords(ctx context.Context) error {
	archived, err := d.archivedEvents(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = archived.Close() }() // only temporary files
	stored, err := d.digests(ctx, archived.digits)
	if err != nil {
		return err
	}
	for _, s := range stored {
		d.d.ClickHouse += s.count
	}
	for shard := range archived.Len() {
		d.Progress("comparing", int64(shard), int64(archived.Len()))
		if err := d.compareShard(ctx, archived, shard, stored); err != nil {
			return err
		}
	}
	return nil
}

// archivedEvents collects the archive's events of the period.
func (d *Doctor) archivedEvents(ctx context.Context) (s *shards, err error) {
	read := scan{of: archive.DataFile.Activities, progress: func(done, total int64) { d.Progress("reading", done, total) }}
	read.begin = func(bytes int64) (err error) {
		if s == nil {
			s, err = newShards(bytes / bytesOfRecord)
		}
		return err
	}
	read.selection = archive.Selection{
		Since: d.Since, Until: d.Until,
		Columns: []string{"event_id", "activity_id", "version", "status", "current", "folded_into", "record_type", "occurred_at", "timed", "observed_at"},
		Activity: func(r *record.Record) bool {
			if read.failed == nil && !r.ObservedAt.AsTime().Before(d.expired) {
				read.failed = s.add(eventOf(r))
			}
			return false
		},
	}
	err = read.run(ctx, d.Archive)
	if err != nil && s != nil {
		err = errors.Join(err, s.Close())
	}
	return s, err
}

// digests are those of ClickHouse.
func (d *Doctor) digests(ctx context.Context, digits int) (map[cell]digest, error) {
	rows, err := d.ClickHouse.Strings(ctx, fmt.Sprintf(`SELECT concatWithSeparator(',', toString(hour), prefix, toString(n), toString(sum)) FROM (
		SELECT %s AS hour, substring(event_id, 1, %d) AS prefix, count() AS n, %s AS sum FROM %s FINAL WHERE %s GROUP BY hour, prefix)`,
		hourExpression, digits, sumExpression, d.ClickHouse.All(observations), d.period()))
	if err != nil {
		return nil, err
	}
	all := make(map[cell]digest, len(rows))
	for _, row := range rows {
		parts := strings.Split(row, ",")
		hour, err1 := strconv.ParseUint(parts[0], 10, 32)
		n, err2 := strconv.ParseInt(parts[2], 10, 64)
		sum, err3 := strconv.ParseUint(parts[3], 10, 64)
		if err := errors.Join(err1, err2, err3); err != nil {
			return nil, err
		}
		all[cell{uint32(hour), parts[1]}] = digest{n, sum}
	}
	return all, nil
}

func (d *Doctor) compareShard(ctx context.Context, archived *shards, shard int, stored map[cell]digest) error {
	prefix := archived.prefix(shard)
	list, err := archived.read(shard)
	if err != nil {
		return err
	}
	d.d.Archive += int64(len(list))
	own := map[uint32]digest{}
	for i := range list {
		was := own[list[i].hour]
		own[list[i].hour] = digest{was.count + 1, was.sum ^ list[i].sum()}
	}
	differ := map[uint32]bool{}
	for hour, digest := range own {
		if stored[cell{hour, prefix}] != digest {
			differ[hour] = true
		}
	}
	for c := range stored {
		if _, ok := own[c.hour]; c.prefix == prefix && !ok {
			differ[c.hour] = true
		}
	}
	if len(differ) == 0 {
		return nil
	}
	list = slices.DeleteFunc(list, func(e event) bool { return !differ[e.hour] })
	where := fmt.Sprintf("startsWith(event_id, '%s') AND %s AND %s IN (%s)", prefix, d.period(), hourExpression, joined(differ))
	rows, err := d.ClickHouse.Strings(ctx, fmt.Sprintf("SELECT concatWithSeparator(',', event_id, toString(version), toString(%s), toString(%s)) FROM %s FINAL WHERE %s",
		digestExpression, hourExpression, d.ClickHouse.All(observations), where))
	if err != nil {
		return err
	}
	theirs := make([]event, len(rows))
	for i, row := range rows {
		if theirs[i], err = parseEvent(row); err != nil {
			return err
		}
	}
	return d.join(ctx, observations, list, distinctEvents(theirs))
}

func joined(hours map[uint32]bool) string {
	list := make([]string, 0, len(hours))
	for _, h := range slices.Sorted(maps.Keys(hours)) {
		list = append(list, strconv.FormatUint(uint64(h), 10))
	}
	return strings.Join(list, ", ")
}

// join compares two lists of events by id.
func (d *Doctor) join(ctx context.Context, table string, archived, stored []event) error {
	var wanted []event // by the archive
	for len(archived) > 0 || len(stored) > 0 {
		var order int
		switch {
		case len(archived) == 0:
			order = 1
		case len(stored) == 0:
			order = -1
		default:
			order = bytes.Compare(archived[0].id[:], stored[0].id[:])
		}
		switch {
		case order < 0:
			d.add(Missing, inClickHouse, table, archived[0].hour, 1, archived[0].id.String())
		case order > 0:
			d.add(Missing, inArchive, table, stored[0].hour, 1, stored[0].id.String())
			wanted = append(wanted, stored[0])
		case archived[0].version > stored[0].version:
			d.add(Older, inClickHouse, table, archived[0].hour, 1, archived[0].id.String())
		case archived[0].version < stored[0].version:
			d.add(Older, inArchive, table, stored[0].hour, 1, stored[0].id.String())
			wanted = append(wanted, stored[0])
		case archived[0].digest != stored[0].digest:
			d.add(Differs, inBoth, table, archived[0].hour, 1, archived[0].id.String())
		}
		if order <= 0 {
			archived = archived[1:]
		}
		if order >= 0 {
			stored = stored[1:]
		}
	}
	if d.Append == nil {
		return nil
	}
	for part := range slices.Chunk(wanted, appendRows) {
		if err := d.append(ctx, table, part); err != nil {
			return fmt.Errorf("append to the archive: %w", err)
		}
	}
	return nil
}

// appendRows is how many records are appended to the archive at once.
const appendRows = 5_000

// append reads records of ClickHouse and stores them in the archive.
func (d *Doctor) append(ctx context.Context, table string, wanted []event) error {
	ids, hours := make([]string, len(wanted)), map[uint32]bool{}
	for i := range wanted {
		ids[i], hours[wanted[i].hour] = "'"+wanted[i].id.String()+"'", true
	}
	where := "event_id IN (" + strings.Join(ids, ", ") + ")"
	to := columnar.NewBuilder(len(wanted))
	var err error
	switch table {
	case quarantine:
		err = d.ClickHouse.Quarantined(ctx, where, func(q *record.Quarantined) error { to.Quarantined(q); return nil })
	case reconciliations:
		err = d.ClickHouse.Reconciliations(ctx, where, func(r *record.Reconciliation) error { to.Reconciliation(r); return nil })
	default:
		err = d.ClickHouse.Activities(ctx, where+" AND "+hourExpression+" IN ("+joined(hours)+") AND "+d.within("occurred_at"),
			func(r *record.Record) error { to.Activity(r); return nil })
	}
	if err != nil {
		return err
	}
	return d.Append(ctx, to.Batch())
}
