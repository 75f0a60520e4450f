package main

import (
	"encoding/csv"
	"encoding/json"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	archivereport "github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/internal/heal"
)

// changeWriter shows the changes of a replay. The last call has none.
type changeWriter func(list []heal.Change) error

func newChangeWriter(format string, to io.Writer) changeWriter {
	switch format {
	case "json":
		return jsonChanges(json.NewEncoder(to))
	case "csv":
		return csvChanges(csv.NewWriter(to))
	default:
		return tableChanges(to)
	}
}

func jsonChanges(to *json.Encoder) changeWriter {
	return func(list []heal.Change) error {
		for i := range list {
			if err := to.Encode(&list[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

func csvChanges(to *csv.Writer) changeWriter {
	begun := false
	return func(list []heal.Change) error {
		rows := [][]string{}
		if len(list) > 0 && !begun {
			begun = true
			rows = append(rows, []string{"tenant", "group_id", "activity_id", "change", "column", "old", "new"})
		}
		for i := range list {
			c := &list[i]
			for _, column := range c.Columns {
				row := []string{c.Tenant, c.GroupID, c.ActivityID, string(c.Kind), column.Column, column.Old, column.New}
				for n := range row {
					row[n] = archivereport.Harmless(row[n])
				}
				rows = append(rows, row)
			}
		}
		return to.WriteAll(rows)
	}
}

const tableRows = 1000

// tableChanges writes a table for each part of the changes, so that memory is bounded.
func tableChanges(to io.Writer) changeWriter {
	var t table.Writer
	return func(list []heal.Change) error {
		for i := range list {
			if t == nil {
				t = table.NewWriter()
				t.SetOutputMirror(to)
				t.SetStyle(table.StyleLight)
				t.AppendHeader(table.Row{"Group", "Activity", "Change", "Column", "Old", "New"})
				t.SetColumnConfigs([]table.ColumnConfig{{Number: 5, WidthMax: 40}, {Number: 6, WidthMax: 40}})
			}
			c := &list[i]
			for n, column := range c.Columns {
				row := table.Row{"", "", "", column.Column, column.Old, column.New}
				if n == 0 {
					row[0], row[1], row[2] = c.GroupID, c.ActivityID, c.Kind
				}
				t.AppendRow(row)
			}
		}
		if t != nil && (len(list) == 0 || t.Length() >= tableRows) {
			t.Render()
			t = nil
		}
		return nil
	}
}
