package main

import (
	"encoding/csv"
	"encoding/json"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"

	archivereport "github.com/provtrail/provtrail/archive/report"
	"github.com/provtrail/provtrail/internal/heal"
)

// changeWriter shows the changes of a replay.
type changeWriter interface {
	changes(list []heal.Change) error
	end() error
}

func newChangeWriter(format string, to io.Writer) changeWriter {
	switch format {
	case "json":
		return &jsonChanges{json.NewEncoder(to)}
	case "csv":
		return &csvChanges{to: csv.NewWriter(to)}
	default:
		return &tableChanges{to: to}
	}
}

var changeHeading = []string{"tenant", "group_id", "activity_id", "change", "column", "old", "new"}

func changeRow(c *heal.Change, column heal.ChangedColumn) []string {
	return []string{c.Tenant, c.GroupID, c.ActivityID, string(c.Kind), column.Column, column.Old, column.New}
}

type jsonChanges struct{ to *json.Encoder }

func (w *jsonChanges) changes(list []heal.Change) error {
	for i := range list {
		if err := w.to.Encode(&list[i]); err != nil {
			return err
		}
	}
	return nil
}

func (*jsonChanges) end() error { return nil }

type csvChanges struct {
	to    *csv.Writer
	begun bool
}

func (w *csvChanges) changes(list []heal.Change) error {
	if !w.begun {
		w.begun = true
		if err := w.to.Write(changeHeading); err != nil {
			return err
		}
	}
	for i := range list {
		for _, column := range list[i].Columns {
			row := changeRow(&list[i], column)
			for n := range row {
				row[n] = archivereport.Harmless(row[n])
			}
			if err := w.to.Write(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *csvChanges) end() error {
	w.to.Flush()
	return w.to.Error()
}

// tableChanges writes a table for each part of the changes, so that memory is bounded.
type tableChanges struct {
	to    io.Writer
	table table.Writer
	rows  int
}

const tableRows = 1000

func (w *tableChanges) changes(list []heal.Change) error {
	for i := range list {
		c := &list[i]
		if w.table == nil {
			w.table = table.NewWriter()
			w.table.SetOutputMirror(w.to)
			w.table.SetStyle(table.StyleLight)
			w.table.AppendHeader(table.Row{"Group", "Activity", "Change", "Column", "Old", "New"})
			w.table.SetColumnConfigs([]table.ColumnConfig{{Number: 5, WidthMax: 40}, {Number: 6, WidthMax: 40}})
		}
		for n, column := range c.Columns {
			row := table.Row{"", "", "", column.Column, column.Old, column.New}
			if n == 0 {
				row[0], row[1], row[2] = c.GroupID, c.ActivityID, c.Kind
			}
			w.table.AppendRow(row)
			w.rows++
		}
		if w.rows >= tableRows {
			if err := w.end(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *tableChanges) end() error {
	if w.table != nil {
		w.table.Render()
	}
	w.table, w.rows = nil, 0
	return nil
}
