package main

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	archivereport "github.com/provtrail/provtrail/archive/report"
)

// evidenceFlags are the flags of report that an evidence pack takes.
var evidenceFlags = []string{"evidence", "identity", "group", "tenant", "tz", "bom", "allow-unproven", "signing-key", "keys", "output"}

func makeEvidence(cmd *cobra.Command, dir string, query url.Values, signingKey, out string) error {
	var refused []string
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains(evidenceFlags, f.Name) {
			refused = append(refused, "--"+f.Name)
		}
	})
	if len(refused) > 0 {
		return fmt.Errorf("--evidence has everything about its subject, in a format and period of its own: leave out %s", strings.Join(refused, ", "))
	}
	keys, err := archivereport.LoadSigningKeys(dir, signingKey)
	if err != nil {
		return fmt.Errorf("--signing-key: %w", err)
	}
	filter, err := archivereport.ParseFilter(query, time.Now())
	if err != nil {
		return err
	}
	subject := archivereport.Subject{Tenant: filter.Tenant, Identity: filter.Identity, Group: filter.Group}
	opt := archivereport.EvidenceOptions{Zone: filter.Zone, AllowUnproven: filter.AllowUnproven, BOM: filter.BOM, Keys: keys}
	p, err := output(cmd, &out, "provtrail-evidence-", ".zip", func(w io.Writer) (*archivereport.Pack, error) {
		return archivereport.WriteEvidence(cmd.Context(), dir, subject, opt, w)
	})
	if err != nil || out == "-" {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d events, %d of them proven by seals, %d of hours that are not sealed yet%s\n", out, p.Events, p.Proven, p.Events-p.Proven, signature(archivereport.Zip, p.SignedBy))
	return err
}

// isZip reports whether what is to be verified is a file, not an archive: a report or an
// evidence pack, whatever its name.
func isZip(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func verifyZip(cmd *cobra.Command, path string, flags *verifyFlags) error {
	if len(flags.publicKeys) == 0 {
		return errors.New("name the archive's public key with --public-key: a report or a pack cannot vouch for itself")
	}
	if flags.until != "" || len(flags.heads) > 0 || flags.from != "" || flags.to != "" {
		return errors.New("--until, --head, --complete-from and --complete-to are about an archive: leave them out for a report or a pack")
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
	switch z, err := zip.NewReader(f, info.Size()); {
	case err != nil:
		return fmt.Errorf("%s is neither a report nor an evidence pack: %w", path, err)
	case slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == "xl/workbook.xml" }):
		return fmt.Errorf("%s is a workbook, which nothing signs: make the report again as a zip", path)
	}
	if archivereport.IsReport(f, info.Size()) {
		v, err := archivereport.Verify(f, info.Size(), keys)
		if err != nil {
			return err
		}
		return printVerified(cmd, flags.json, "report "+path, v, v.Problems, describeReport)
	}
	v, err := archivereport.VerifyEvidence(f, info.Size(), keys)
	if err != nil {
		return err
	}
	return printVerified(cmd, flags.json, "evidence pack "+path, v, v.Problems, describePack)
}

func describePack(b *strings.Builder, v *archivereport.PackVerification) {
	fmt.Fprintf(b, "%d events: %d proven by %d seals of trusted keys, %d of hours that were not sealed yet\n", v.Events, v.Proven, v.Seals, v.Open)
	if !v.OK() {
		return
	}
	b.WriteString("each proven event stands in the archive as it stands here; that none is left out takes the archive\n")
	if v.SignedBy == "" {
		b.WriteString("the manifest is not signed, so nothing proves coverage.csv nor when the pack was made\n")
	} else {
		fmt.Fprintf(b, "the manifest is signed with key %s\n", v.SignedBy)
	}
}

func describeReport(b *strings.Builder, v *archivereport.Verification) {
	for _, n := range v.Notes {
		fmt.Fprintf(b, "note          %s\n", n)
	}
	fmt.Fprintf(b, "report of %s, from %s to %s, of %d files of the archive, %d of them of hours that were not sealed yet\n",
		v.Made.Format(time.RFC3339), v.Filter.From.Format(time.RFC3339), v.Filter.To.Format(time.RFC3339), v.Archive, v.Open)
	if v.OK() {
		fmt.Fprintf(b, "signed with key %s; every file is as it was signed; that no row is left out takes the archive\n", v.SignedBy)
	}
}
