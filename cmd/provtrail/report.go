package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	archivereport "github.com/provtrail/provtrail/archive/report"
)

func newReportCommand() *cobra.Command {
	query := url.Values{}
	var out, format, signingKey, keys string
	var evidence bool
	cmd := &cobra.Command{
		Use:   "report [ARCHIVE]",
		Short: "Make a report or an evidence pack out of an archive",
		Long: `Writes a zip with the activities of a period as they stood at its end, their
whole history, a summary by source, operation and status, the passwords changed, what the
archive states of each tenant and hour, and a manifest with the digests of all of it and
of the archive's files it was made from. The manifest is signed where the archive's
signing key is at hand, and provtrail verify checks the zip.

--format xlsx writes the same sheets as a workbook, in which ids are text. --format parquet
and --format json (one object a line) write the activities alone. Rows are in the order of
time; --columns and --tz apply to every format, but Parquet times are UTC.

--evidence writes all that the archive holds about a person or a group, from its first
hour on: a document to read, every event, and what proves each; provtrail verify checks
such a pack without the archive. It takes --identity, --group, --tenant, --tz and --bom.

ARCHIVE is a folder or a bucket's URL (default: ` + defaultArchive + `).
Filters that are repeated are alternatives; different filters must all match.

Of an archive with privacy, --keys names the key store. A text whose key was destroyed is
"erased", and one whose key is not at hand is "encrypted".

Every file is compared with its seal. The exit status is 0 when all rows are proven or of
hours that are not sealed yet, 1 when a file is not as it was sealed, and 2 when the
question is wrong, nothing matches or the archive cannot be read.`,
		Example: `  provtrail report ./data/archive
  provtrail report ./data/archive --from 24h --status Failed --status Retrying -o failed.zip
  provtrail report ./data/archive --identity ada.lovelace --tz Europe/Paris
  provtrail report --from 24h --format parquet -o day.parquet
  provtrail report --identity ada.lovelace --evidence
  provtrail report 's3://bucket/folder?region=eu-west-1' --group 4711 --evidence -o group-4711.zip`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := firstOr(args, defaultArchive)
			if evidence && format == "" {
				format = string(archivereport.Zip)
			}
			format, err := formatOf(archivereport.Format(format), out)
			if err != nil {
				return err
			}
			return withKeys(cmd, dir, keys, func() error {
				if evidence {
					return makeEvidence(cmd, dir, query, signingKey, out)
				}
				return makeReport(cmd, dir, query, format, signingKey, out)
			})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&out, "output", "o", "", "file to write, - for standard output (default: provtrail-report-TIME.FORMAT)")
	keysFlag(cmd, &keys)
	f.StringVar(&format, "format", "", "zip (CSV files), xlsx, parquet or json (default: by the name of --output, else zip)")
	f.StringVar(&signingKey, "signing-key", "", "PEM file with the archive's signing key, which signs the manifest (default: ARCHIVE-signing-key.pem if it exists)")
	f.BoolVar(&evidence, "evidence", false, "all about a person or a group, with what proves it")
	for name, help := range map[string]string{
		"from": "start of the period: " + archivereport.TimeForms + " (default: 7 days before --to)",
		"to":   "end of the period, not included, in the same forms (default: now)",
		"tz":   "IANA time zone in which times are read and written (default: UTC)",
		"q":    "text to be found anywhere in names, values and errors",
	} {
		f.Func(name, help, func(value string) error { query.Set(name, value); return notEmpty(value) })
	}
	f.Func("columns", "columns of the activities in their order, with commas", func(value string) error { query.Set("columns", value); return notEmpty(value) })
	for _, name := range []string{"status", "outcome", "source", "kind", "operation", "cause", "flag", "identity", "requester", "approver", "group", "tenant"} {
		f.Func(name, "only this "+name+"; may be repeated", func(value string) error { query.Add(name, value); return notEmpty(value) })
	}
	f.BoolFunc("bom", "begin CSV files with a byte order mark, for spreadsheets", func(value string) error { query.Set("bom", value); return nil })
	f.BoolFunc("allow-unproven", "also take rows of files that are not as they were sealed, and mark them", func(value string) error {
		query.Set("allow_unproven", value)
		return nil
	})
	return cmd
}

// formatOf is the format of a report that is written to a file: what is asked for, or what the
// file's name says. A file whose name says another format cannot be opened, or verified.
func formatOf(asked archivereport.Format, out string) (archivereport.Format, error) {
	extension := strings.ToLower(filepath.Ext(out))
	named := archivereport.Format("")
	for _, f := range archivereport.Formats {
		if extension == f.Extension() || extension == "."+string(f) {
			named = f
		}
	}
	switch format := cmp.Or(asked, named, archivereport.Zip); {
	case extension == ".csv":
		return "", fmt.Errorf("-o %s: a report is several CSV files in a zip: name it .zip, or .xlsx for a workbook", out)
	case named != "" && named != format && format.Validate() == nil:
		return "", fmt.Errorf("-o %s: the format is %s: name it %s", out, format, format.Extension())
	default:
		return format, nil
	}
}

const defaultArchive = "./data/archive"

// firstOr returns the argument of a command, or what stands for it.
func firstOr(args []string, absent string) string {
	if len(args) == 0 {
		return absent
	}
	return args[0]
}

func makeReport(cmd *cobra.Command, dir string, query url.Values, format archivereport.Format, signingKey, out string) error {
	filter, err := archivereport.ParseFilter(query, time.Now())
	if err != nil {
		return err
	}
	keys, err := archivereport.LoadSigningKeys(dir, signingKey)
	if err != nil {
		return fmt.Errorf("--signing-key: %w", err)
	}
	m, err := output(cmd, &out, "provtrail-report-", format.Extension(), func(w io.Writer) (*archivereport.Manifest, error) {
		return archivereport.WriteAs(cmd.Context(), dir, filter, format, keys, w)
	})
	if err != nil || out == "-" {
		return err
	}
	rows := []string{}
	for _, s := range m.Sheets {
		rows = append(rows, fmt.Sprintf("%s %d rows", s.Name, s.Rows))
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s%s\n", out, strings.Join(rows, ", "), signature(format, m.SignedBy))
	if err == nil && len(m.Problems) > 0 {
		err = fmt.Errorf("archive %s is %w; unproven rows are marked:\n%s", dir, errFindings, strings.Join(m.Problems, "\n"))
	}
	return err
}

// signature describes who signed a manifest.
func signature(format archivereport.Format, key string) string {
	switch {
	case format != archivereport.Zip:
		return "; not signed, which only a zip can be"
	case key == "":
		return "; not signed, because the archive's signing key is not here (--signing-key)"
	default:
		return "; signed with key " + key
	}
}

// output calls write with the file of a name, - for standard output. A file without a name gets
// one with the time. It leaves no half a file behind.
func output[M any](cmd *cobra.Command, name *string, begin, extension string, write func(io.Writer) (*M, error)) (m *M, err error) {
	if *name == "-" {
		return write(cmd.OutOrStdout())
	}
	if *name == "" {
		*name = begin + time.Now().UTC().Format("20060102T150405Z") + extension
	}
	if info, err := os.Stat(*name); err == nil && info.IsDir() {
		return nil, fmt.Errorf("-o %s is a directory: name a file in it", *name)
	}
	f, err := os.CreateTemp(filepath.Dir(*name), ".provtrail-report-*")
	if err != nil {
		return nil, err
	}
	m, err = write(f)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), *name)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(f.Name()))
	}
	return m, nil
}
