package dashboards

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// source is a view in a query, and the tables behind it.
var (
	source       = regexp.MustCompile(`(?:FROM|JOIN)\s+(activities|observations|groups|passwords_changed|quarantine|status_hourly|transitions|errors|dimensions|lookup|failures|completeness|complete_until|provisioning_error_signatures)\b`)
	tablesBehind = map[string][]string{
		"activities": {"activities"}, "observations": {"observations"}, "groups": {"groups"}, "passwords_changed": {"activities"}, "quarantine": {"quarantine"},
		"status_hourly": {"transitions", "reports", "hourly"}, "transitions": {"transitions"}, "errors": {"errors"}, "dimensions": {"reports", "hourly"}, "lookup": {"activities"},
		"failures": {"activities", "activities", "activities", "errors", "errors", "errors"}, "provisioning_error_signatures": {"error_signatures"},
		"completeness": {"reconciliations", "observations", "quarantine"}, "complete_until": {"reconciliations", "reconciliations", "observations", "quarantine"},
	}
)

// tableRows are the rows in each table as they lie on the disk, copies that have not
// been merged yet included.
func (s *store) tableRows(t testing.TB) map[string]uint64 {
	r := s.query(t, "SELECT table, sum(rows) AS rows FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table")
	out := map[string]uint64{}
	for _, row := range r.rows {
		out[row[0].(string)] = uint64(number(t, row[1]))
	}
	return out
}

// budget is what a query may read: each table it names once as a whole, no more. Only
// the newest rows of a table (ORDER BY and LIMIT without groups) may be looked up a
// second time, for the wide columns. A join that multiplies, or a view that reads its
// table twice, exceeds it.
func budget(t testing.TB, sql string, rows map[string]uint64) uint64 {
	total := uint64(0)
	named := source.FindAllStringSubmatch(sql, -1)
	require.NotEmpty(t, named, sql)
	for _, m := range named {
		for _, table := range tablesBehind[m[1]] {
			total += rows["provisioning_"+table]
		}
	}
	if strings.Contains(sql, "LIMIT") && !strings.Contains(sql, "GROUP BY") {
		total *= 2
	}
	return total + uint64(strings.Count(sql, "UNION ALL")+strings.Count(sql, "(SELECT arrayJoin(")) // their own rows
}
