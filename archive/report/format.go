package report

import (
	"fmt"
	"slices"
)

// Format is what a report is written as.
type Format string

const (
	Zip     Format = "zip"     // CSV files and a manifest
	XLSX    Format = "xlsx"    // a workbook with the same sheets
	JSON    Format = "json"    // one activity a line
	Parquet Format = "parquet" // the activities as one file
)

// Formats lists them.
var Formats = []Format{Zip, XLSX, Parquet, JSON}

// Extension of a file's name.
func (f Format) Extension() string {
	if f == JSON {
		return ".ndjson"
	}
	return "." + string(f)
}

// MediaType of a download.
func (f Format) MediaType() string {
	switch f {
	case JSON:
		return "application/x-ndjson"
	case Parquet:
		return "application/vnd.apache.parquet"
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	default:
		return "application/zip"
	}
}

// Validate refuses what is none of the Formats.
func (f Format) Validate() error {
	if slices.Contains(Formats, f) {
		return nil
	}
	known := make([]string, len(Formats))
	for i, k := range Formats {
		known[i] = string(k)
	}
	return noneOf("format", string(f), known)
}

// suits refuses what a format cannot show.
func (f Format) suits(filter *Filter) error {
	if filter.AllowUnproven && (f == JSON || f == Parquet) {
		return fmt.Errorf("%w: format %s has no column that marks unproven rows: use zip or xlsx", ErrFilter, f)
	}
	if filter.BOM && f != Zip {
		return fmt.Errorf("%w: only the CSV files of format zip can have a byte order mark, and the format is %s", ErrFilter, f)
	}
	return nil
}
