package report

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"
)

func (row *hourCoverage) cells(zone *time.Location) []string {
	cells := []string{row.tenant, row.hour.Start().In(zone).Format(time.RFC3339), row.state}
	for _, n := range []int64{row.files, row.rows, row.expired, row.absent, row.lost, row.damaged} {
		cells = append(cells, strconv.FormatInt(n, 10))
	}
	quarantined, gap := "", ""
	if !row.quarantinedUnknown {
		quarantined = strconv.FormatInt(row.quarantined, 10)
	}
	if row.gapKnown {
		gap = strconv.FormatInt(int64(row.gap/time.Second), 10)
	}
	return append(cells, quarantined, gap, row.reconciled)
}

// coverageRows returns the rows of coverage.csv.
func coverageRows(hours []hourCoverage, zone *time.Location) [][]string {
	rows := make([][]string, len(hours))
	for i := range hours {
		rows[i] = hours[i].cells(zone)
	}
	return rows
}

// coverageSummary is what the document of an evidence pack shows of coverage.csv, of whose
// rows it is made of: how many hours of the tenants are in each state.
type coverageSummary struct {
	From, To    string
	States      []stateCount
	Quarantined int64
	Gap         time.Duration
	Reconciled  []stateCount
}

type stateCount struct {
	State string
	Hours int
}

func summarizeCoverage(rows [][]string) (s coverageSummary) {
	column := func(name string) int { return slices.Index(coverageColumns, name) }
	count := func(list []stateCount, state string) []stateCount {
		i := slices.IndexFunc(list, func(c stateCount) bool { return c.State == state })
		if i < 0 {
			i, list = len(list), append(list, stateCount{State: state})
		}
		list[i].Hours++
		return list
	}
	for _, row := range rows {
		if len(row) != len(coverageColumns) {
			return coverageSummary{}
		}
		hour := row[column("hour")]
		if s.From == "" {
			s.From = hour
		}
		if s.To != hour { // a gap is that of all tenants
			gap, _ := strconv.ParseInt(row[column("gap_seconds")], 10, 64)
			s.Gap += time.Duration(gap) * time.Second
		}
		s.To = hour
		s.States = count(s.States, row[column("state")])
		s.Reconciled = count(s.Reconciled, row[column("reconciled")])
		quarantined, _ := strconv.ParseInt(row[column("quarantined")], 10, 64) // empty is unknown
		s.Quarantined += quarantined
	}
	return s
}

// readCoverage is the inverse of writing coverage.csv.
func readCoverage(r io.Reader) ([][]string, error) {
	rows, err := csv.NewReader(skipMark(r)).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, errors.Join(err, errors.New("has no heading"))
	}
	return rows[1:], nil
}
