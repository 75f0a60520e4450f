package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/archive/internal/chain"
	"github.com/provtrail/provtrail/archive/internal/parquetfile"
	"github.com/provtrail/provtrail/internal/extsort"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// tables calls write with the sheets of a report in their order.
func (r *report) tables(write func([]table) error) (err error) {
	columns := r.filter.Columns
	if len(columns) == 0 {
		columns = activityColumns
	}
	activities, history, passwords := r.newSheet("activities", columns), r.newSheet("history", historyColumns), r.newSheet("passwords", passwordColumns)
	defer func() {
		err = errors.Join(err, activities.sorter.Close(), history.sorter.Close(), passwords.sorter.Close())
	}()
	sum := newSummary()
	if err := r.choose(union(columns, passwordColumns), func(a *record.Record) error {
		sum.add(a)
		if a.Kind == provisioning.KindPassword {
			if err := passwords.add(a); err != nil {
				return err
			}
		}
		return activities.add(a)
	}); err != nil {
		return err
	}
	if err := r.takeHistory(historyColumns, history.add); err != nil {
		return err
	}
	hours, err := r.coverage()
	if err != nil {
		return err
	}
	return write([]table{
		activities.table, history.table, fixed("summary", summaryColumns, sum.rows()), passwords.table,
		fixed("coverage", coverageColumns, coverageRows(hours, r.filter.Zone)),
	})
}

// coverage describes the hours of the period up to the present. Hours before the archive
// begins are left out but for the last.
func (r *report) coverage() ([]hourCoverage, error) {
	c := coverage{ctx: r.ctx, view: r.view, snapshot: r.snapshots[0], tenants: r.filter.Tenant, deviating: map[string]bool{}}
	for _, f := range r.files {
		c.deviating[f.proof.Name] = f.proof.Problem != ""
	}
	c.first = archive.HourOf(r.filter.From)
	c.end = min(archive.HourOf(r.filter.To.Add(-1)), max(archive.HourOf(r.manifest.Made), c.snapshot.LastSealed))
	return c.hours()
}

func (r *report) writeZip(keys archive.Keys, to io.Writer) error {
	key, seals, err := signer(r.ctx, r.view, keys)
	if err != nil {
		return err
	}
	if key != nil {
		r.manifest.SignedBy = chain.KeyID(chain.Public(key))
	}
	return r.tables(func(tables []table) error {
		pack := newPacker(to, r.manifest.Made)
		for _, t := range tables {
			if err := pack.file(t.name+".csv", func(w io.Writer) (int64, error) { return writeCSV(w, t, r.filter.BOM) }); err != nil {
				return err
			}
		}
		if err := pack.seals(seals); err != nil {
			return err
		}
		r.manifest.Sheets = pack.sheets
		text, err := json.MarshalIndent(r.manifest, "", "  ")
		if err != nil {
			return err
		}
		return pack.finish(append(text, '\n'), key)
	})
}

func (r *report) writeXLSX(to io.Writer) error {
	return r.tables(func(tables []table) error {
		rows, err := writeWorkbook(to, tables)
		for i, n := range rows {
			r.manifest.Sheets = append(r.manifest.Sheets, Sheet{Name: tables[i].name, Rows: n})
		}
		return err
	})
}

// sorted calls write with the chosen activities in the order of time, each as encode
// appended it.
func (r *report) sorted(columns []string, encode func(to []byte, a *record.Record) []byte, write func(row []byte) error) (rows int64, err error) {
	s := extsort.Sorter{Memory: memoryOfSorter}
	defer func() { err = errors.Join(err, s.Close()) }()
	var row []byte
	if err := r.choose(columns, func(a *record.Record) error {
		rows++
		row = encode(appendPlace(row[:0], a), a)
		return s.Add(row)
	}); err != nil {
		return 0, err
	}
	return rows, eachRow(&s, write)
}

func (r *report) writeJSON(to io.Writer) error {
	columns := r.filter.Columns
	if len(columns) == 0 {
		columns = archive.Columns()
	}
	w := bufio.NewWriterSize(to, 64<<10)
	rows, err := r.sorted(columns, func(to []byte, a *record.Record) []byte {
		return append(parquetfile.AppendJSONIn(to, r.filter.Zone, a, columns...), '\n')
	}, func(row []byte) error {
		_, err := w.Write(row)
		return err
	})
	r.manifest.Sheets = append(r.manifest.Sheets, Sheet{Name: "activities" + JSON.Extension(), Rows: rows})
	return errors.Join(err, w.Flush())
}

// batchOfParquet rows are encoded at once.
const batchOfParquet = 1024

// writeParquet writes the archive's columns or those the filter names. Times are UTC.
func (r *report) writeParquet(to io.Writer) error {
	columns := r.filter.Columns
	if len(columns) == 0 {
		columns = archive.Columns()
	}
	w := parquetfile.NewReportWriter(to, columns)
	batch := make([]*record.Record, 0, batchOfParquet)
	rows, err := r.sorted(columns, func(to []byte, a *record.Record) []byte {
		return parquetfile.AppendJSON(to, a)
	}, func(row []byte) error {
		a := &record.Record{}
		if err := parquetfile.ParseJSON(row, a); err != nil {
			return err
		}
		if batch = append(batch, a); len(batch) < cap(batch) {
			return nil
		}
		err := w.WriteRows(batch)
		batch = batch[:0]
		return err
	})
	if err != nil {
		return err
	}
	r.manifest.Sheets = append(r.manifest.Sheets, Sheet{Name: "activities" + Parquet.Extension(), Rows: rows})
	return errors.Join(w.WriteRows(batch), w.Close())
}
