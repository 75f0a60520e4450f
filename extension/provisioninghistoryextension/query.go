package provisioninghistoryextension

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/provtrail/provtrail/internal/history"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// span is a range of times, in microseconds since 1970, both ends included.
type span struct{ first, last int64 }

// newer returns the groups of which something newer is stored, with the version it
// has, and the time from their first observation to their last. One without a vendor's time is
// stored with that of its receipt, which the vendor's clock may be ahead of.
func (h *historyExtension) newer(ctx context.Context, groups []history.KnownGroup) (newer []history.KnownGroup, of span, err error) {
	known := make(map[provisioning.ID]uint64, len(groups))
	numbers := make([]string, len(groups))
	for i, g := range groups {
		known[g.Key] = g.Version
		numbers[i] = strconv.FormatInt(provisioning.GroupNumber(g.Tenant, g.GroupID), 10)
	}
	in := " WHERE group_number IN (" + strings.Join(numbers, ", ") + ")"
	ctx, cancel := context.WithTimeout(ctx, h.config.Timeout)
	defer cancel()
	rows, err := h.conn.Query(ctx, `SELECT toString(tenant), group_id, max(version), toUnixTimestamp64Micro(min(f) - INTERVAL 1 HOUR), toUnixTimestamp64Micro(max(l)) FROM (
		SELECT tenant, group_id, version, first_at AS f, greatest(last_at, observed_at) AS l FROM `+h.table("provisioning_groups", "provisioning_groups_all")+in+` UNION ALL
		SELECT tenant, group_id, version, occurred_at AS f, greatest(occurred_at, observed_at) AS l FROM `+h.table("provisioning_activities", "activities")+in+`
	) GROUP BY tenant, group_id`)
	if err != nil {
		return nil, of, err
	}
	defer rows.Close()
	for rows.Next() {
		var g history.KnownGroup
		var first, last int64
		if err := rows.Scan(&g.Tenant, &g.GroupID, &g.Version, &first, &last); err != nil {
			return nil, of, err
		}
		g.Key = history.GroupKey(g.Tenant, g.GroupID)
		// Another group may have the same number.
		if version, asked := known[g.Key]; !asked || g.Version <= version {
			continue
		}
		if len(newer) == 0 {
			of = span{first, last}
		}
		of = span{min(of.first, first), max(of.last, last)}
		newer = append(newer, g)
	}
	return newer, of, rows.Err()
}

// observations reads the observations of the groups.
func (h *historyExtension) observations(ctx context.Context, groups []history.KnownGroup, within span) (map[provisioning.ID][]provisioning.Observation, error) {
	table := h.table("provisioning_observations", "provisioning_observations_all")
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = "(" + literal(g.Tenant) + ", " + literal(g.GroupID) + ")"
	}
	ctx, cancel := context.WithTimeout(ctx, h.config.Timeout)
	defer cancel()
	query := fmt.Sprintf(`SELECT timed, %s FROM %s
		WHERE occurred_at >= fromUnixTimestamp64Micro(toInt64(%d)) AND occurred_at <= fromUnixTimestamp64Micro(toInt64(%d))
		AND (tenant, group_id) IN (%s) AND record_type = 'observation'`,
		expressions, table, within.first, within.last, strings.Join(names, ", "))
	rows, err := h.conn.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[provisioning.ID][]provisioning.Observation{}
	for rows.Next() {
		o, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		key := history.GroupKey(o.Tenant, o.GroupID)
		out[key] = append(out[key], o)
	}
	return out, rows.Err()
}

// fields are what an observation is restored from.
var fields = func() (list []record.Field) {
	for _, f := range record.Fields {
		if (!f.Derived || f.Column == "reported_overrides") && f.Column != "original" {
			list = append(list, f)
		}
	}
	return list
}()

// expressions select the fields as texts, numbers and booleans.
var expressions = func() string {
	list := make([]string, len(fields))
	for i, f := range fields {
		switch f.Value {
		case record.ValueTime:
			list[i] = "ifNull(toUnixTimestamp64Micro(" + f.Column + "), 0)"
		case record.ValueBool:
			list[i] = f.Column
		default:
			list[i] = "toString(" + f.Column + ")"
		}
	}
	return strings.Join(list, ", ")
}()

// scan reads one row and restores its observation.
func scan(row func(...any) error) (provisioning.Observation, error) {
	var r record.Record
	var timed bool
	to := []any{&timed}
	for i := range fields {
		switch fields[i].Value {
		case record.ValueTime:
			to = append(to, new(int64))
		case record.ValueBool:
			to = append(to, fields[i].Pointer(&r))
		default:
			to = append(to, new(string))
		}
	}
	if err := row(to...); err != nil {
		return provisioning.Observation{}, err
	}
	for i := range fields {
		if err := set(&fields[i], &r, to[i+1]); err != nil {
			return provisioning.Observation{}, fmt.Errorf("column %s: %w", fields[i].Column, err)
		}
	}
	if !timed { // the column has the time of receipt
		r.OccurredAt = 0
	}
	return record.RestoreObservation(&r)
}

func set(f *record.Field, r *record.Record, value any) (err error) {
	switch f.Value {
	case record.ValueTime:
		f.SetNumber(r, *value.(*int64)*1000)
	case record.ValueBool: // is where it belongs
	case record.ValueID:
		*f.ID(r), err = provisioning.ParseID(*value.(*string))
	case record.ValueStatus:
		var status provisioning.Status
		status, err = provisioning.ParseStatus(*value.(*string))
		f.SetNumber(r, int64(status))
	default:
		f.SetText(r, *value.(*string))
	}
	return err
}

// table is the quoted name of a table, or of the one over all shards.
func (h *historyExtension) table(one, all string) string {
	if h.config.Cluster {
		one = all
	}
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(h.config.Database) + "`." + one
}

func literal(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
