package demo

import (
	"context"
	"database/sql"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/provtrail/provtrail/internal/simulate"
)

const (
	statusQuery = `SELECT status, count() AS activities, uniqExact(group_id) AS groups, uniqExact(source_name) AS sources,
		countIf(stalled) AS stalled FROM activities GROUP BY status ORDER BY activities DESC`

	newestQuery = `SELECT group_number, group_status, cause, identity_name, activities, arrayStringConcat(sources, ', '),
		formatDateTime(last_at, '%Y-%m-%d %H:%i:%S') FROM provisioning_groups FINAL ORDER BY last_at DESC LIMIT 8`
)

// show prints what a newcomer wants to see first.
func show(ctx context.Context, out io.Writer, db *sql.DB, where addresses, tenant *simulate.Options) error {
	if err := printTable(ctx, out, db, "Activities by status", statusQuery,
		"status", "activities", "groups", "sources", "stalled"); err != nil {
		return err
	}
	if err := printTable(ctx, out, db, "Newest groups", newestQuery,
		"group", "status", "cause", "identity", "activities", "sources", "last change"); err != nil {
		return err
	}
	showStories(out, where, tenant)
	printf(out, "\nWhere everything is")
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.AppendRows([]table.Row{
		{"ClickHouse", "native " + where.native + ", HTTP http://" + where.http + ", database " + where.database},
		{"Try a query", query(where, exampleQuery)},
		{"Parquet archive", where.archive},
		{"See it", "http://" + where.report + "/ (activities, summary, downloads)"},
		{"Watched folder", where.input + " (drop your own JSON here)"},
		{"Ground truth", tenant.Truth()},
		{"Health", "http://" + where.health},
		{"Metrics", "http://" + where.metrics + "/metrics"},
	})
	t.Render()
	return nil
}

// showStories prints a command for each thing that a newcomer looks for.
func showStories(out io.Writer, where addresses, tenant *simulate.Options) {
	for i, story := range tenant.NewTenant().Stories(tenant.To.UnixMilli()) {
		ids := make([]string, len(story.Groups))
		for j, g := range story.Groups {
			ids[j] = "'" + g.ID + "'"
		}
		printf(out, "\n%d. %s\n   %s", i+1, story.Title, query(where, storyQuery+"("+strings.Join(ids, ", ")+") ORDER BY requested_at FORMAT PrettyCompact"))
	}
}

const storyQuery = `SELECT requested_at, identity_name, source_name, operation, attribute_name, status, approval_status, approver_name, failed_on, error_message
   FROM activities WHERE group_id IN `

// query is a command that asks ClickHouse.
func query(where addresses, text string) string {
	return `curl 'http://` + where.http + `/?database=` + where.database + `' --data-binary "` + text + `"`
}

const exampleQuery = `SELECT source_name, count() FROM activities WHERE status = 'Failed' GROUP BY 1 ORDER BY 2 DESC FORMAT PrettyCompact`

func printTable(ctx context.Context, out io.Writer, db *sql.DB, title, query string, header ...string) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	printf(out, "\n%s", title)
	t := table.NewWriter()
	t.SetOutputMirror(out)
	t.SetStyle(table.StyleLight)
	t.AppendHeader(toRow(header))
	for rows.Next() {
		values, into := make(table.Row, len(header)), make([]any, len(header))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		t.AppendRow(values)
	}
	t.Render()
	return rows.Err()
}

func toRow(names []string) table.Row {
	row := make(table.Row, len(names))
	for i, n := range names {
		row[i] = strings.ToUpper(n[:1]) + n[1:]
	}
	return row
}
