package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provtrail/provtrail/archive"
	archivereport "github.com/provtrail/provtrail/archive/report"
)

func makeEvidence(cmd *cobra.Command, dir string, query url.Values, out string) error {
	now := time.Now()
	filter, err := archivereport.ParseFilter(query, now)
	if err != nil {
		return err
	}
	subject := archivereport.Subject{Tenant: filter.Tenant, Identity: filter.Identity, Group: filter.Group}
	opt := archivereport.EvidenceOptions{Zone: filter.Zone, AllowUnproven: filter.AllowUnproven}
	if out == "-" {
		_, err := archivereport.WriteEvidence(cmd.Context(), dir, subject, opt, cmd.OutOrStdout())
		return err
	}
	if out == "" {
		out = "provtrail-evidence-" + now.UTC().Format("20060102T150405Z") + ".zip"
	}
	p, err := writeFile(out, func(w io.Writer) (*archivereport.Pack, error) {
		return archivereport.WriteEvidence(cmd.Context(), dir, subject, opt, w)
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d events, %d of them proven by seals, %d of hours that are not sealed yet\n", out, p.Events, p.Proven, p.Events-p.Proven)
	return err
}

// isPack says that what is to be verified is an evidence pack.
func isPack(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && strings.EqualFold(filepath.Ext(path), ".zip")
}

func verifyPack(cmd *cobra.Command, path string, flags *verifyFlags) error {
	if len(flags.publicKeys) == 0 {
		return errors.New("name the archive's public key with --public-key: a pack cannot vouch for itself")
	}
	keys, err := publicKeys("", flags.publicKeys)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	v, err := archivereport.VerifyEvidence(f, info.Size(), keys)
	if err != nil {
		return err
	}
	if flags.json {
		err = printJSON(cmd.OutOrStdout(), v)
	} else {
		err = printPack(cmd.OutOrStdout(), v)
	}
	if err == nil && !v.OK() {
		err = fmt.Errorf("evidence pack %s is %w: %d problems", path, errFindings, len(v.Problems))
	}
	return err
}

func printPack(w io.Writer, v *archivereport.PackVerification) error {
	err := printProblems(w, v.Problems)
	_, more := fmt.Fprintf(w, "%d events: %d proven by %d seals of trusted keys, %d of hours that were not sealed yet\n", v.Events, v.Proven, v.Seals, v.Open)
	if v.OK() {
		_, last := fmt.Fprintln(w, "each proven event stands in the archive as it stands here; that none is left out takes the archive")
		more = errors.Join(more, last)
	}
	return errors.Join(err, more)
}

func printProblems(w io.Writer, problems []archive.Problem) (err error) {
	for _, p := range problems {
		_, more := fmt.Fprintf(w, "%-12s  %s  (%s)\n", p.Kind, p.Name, p.Detail)
		err = errors.Join(err, more)
	}
	return err
}
