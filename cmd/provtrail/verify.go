package main

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	archivereport "github.com/provtrail/provtrail/archive/report"

	"github.com/spf13/cobra"

	"github.com/provtrail/provtrail/archive"
	_ "github.com/provtrail/provtrail/archive/drivers" // s3://, gs://, azblob://
)

type verifyFlags struct {
	publicKeys []string
	until      string
	heads      []string
	from, to   string // of the period that must be complete
	json       bool
	quiet      bool
}

func newVerifyCommand() *cobra.Command {
	var flags verifyFlags
	cmd := &cobra.Command{
		Use:   "verify ARCHIVE | REPORT.zip | PACK.zip",
		Short: "Check that an archive, a report or an evidence pack is as it was sealed",
		Long: `Checks an archive, or a copy of one, offline and with the public key alone: every
sealed file against its SHA-256, every seal against its signature and the one before.
It names each file that was altered, truncated, removed, added or misplaced, and each
hour that is missing. It prints the newest seal and says up to when the archive is
unaltered.

It compares the vendor's documents in the sealed files with the sealed statements of
reconciliation, says up to when each feed is complete, and names each hour that is short.
With --complete-from or --complete-to such an hour in that period is a finding.

Whoever has the signing key can sign another history. Keep the newest seal elsewhere and
name it with --head: a chain that does not contain it is a finding. Of ARCHIVE the file
ARCHIVE-signing-key.pem.head is used where it exists.

Of an evidence pack (provtrail report --evidence) it checks that each event stands in
the archive as it stands in the pack, and of a report (provtrail report) the signature of
its manifest and every file in it. It does not need the archive for that.

The exit status is 0 when nothing is wrong, 1 when there are findings, and 2 when the
archive or the zip could not be checked.`,
		Example: `  provtrail verify ./data/archive
  provtrail verify /mnt/copy --public-key archive.pub --until 2026-11-22T00:00:00Z --json
  provtrail verify /mnt/copy --public-key archive.pub --head /mnt/witness/heads
  provtrail verify ./data/archive --complete-from 7d --complete-to yesterday
  provtrail verify evidence.zip --public-key archive.pub
  provtrail verify report.zip --public-key archive.pub
  provtrail verify 's3://bucket/folder?region=eu-west-1' --public-key archive.pub`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if isZip(args[0]) {
				return verifyZip(cmd, args[0], &flags)
			}
			return verify(cmd, args[0], &flags)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&flags.publicKeys, "public-key", nil, "PEM file with trusted public keys; may be repeated (default: ARCHIVE-signing-key.pem.pub)")
	f.StringVar(&flags.until, "until", "", "time up to which the archive must be sealed ("+archivereport.TimeForms+"): seals that are missing at the end leave no other trace")
	f.StringArrayVar(&flags.heads, "head", nil, "SHA-256 of a seal that the chain must contain, or a file with such a head: the witness, or that beside the signing key; may be repeated")
	f.StringVar(&flags.from, "complete-from", "", "beginning of the period of which every document must be in the archive (default: the first statement)")
	f.StringVar(&flags.to, "complete-to", "", "end of that period (default: the last statement)")
	f.BoolVar(&flags.json, "json", false, "print what was found as JSON")
	f.BoolVar(&flags.quiet, "quiet", false, "no progress bar, which is drawn on a terminal only")
	return cmd
}

func verify(cmd *cobra.Command, dir string, flags *verifyFlags) error {
	opt := archive.VerifyOptions{}
	var err error
	if opt.Keys, err = publicKeys(dir, flags.publicKeys); err != nil {
		return err
	}
	if opt.Heads, err = knownHeads(dir, flags.heads); err != nil {
		return err
	}
	if err := parseTimes(time.Now(), timeFlag{"--until", flags.until, &opt.Until},
		timeFlag{"--complete-from", flags.from, &opt.CompleteFrom}, timeFlag{"--complete-to", flags.to, &opt.CompleteTo}); err != nil {
		return err
	}
	if !opt.CompleteFrom.IsZero() && !opt.CompleteTo.IsZero() && !opt.CompleteFrom.Before(opt.CompleteTo) {
		return errors.New("--complete-from is not before --complete-to")
	}
	if draw := progressOn(cmd); draw != nil && !flags.quiet && !flags.json {
		opt.Progress = func(done, total int64) { draw("verifying", done, total) }
	}
	v, err := archive.Verify(cmd.Context(), dir, opt)
	if err != nil {
		return err
	}
	return printVerified(cmd, flags.json, "archive "+dir, v, v.Problems, describeArchive)
}

// printVerified prints what was verified, and returns an error where something is wrong.
func printVerified[V interface{ OK() bool }](cmd *cobra.Command, asJSON bool, name string, v V, problems []archive.Problem, describe func(*strings.Builder, V)) error {
	if asJSON {
		if err := printJSON(cmd.OutOrStdout(), v); err != nil {
			return err
		}
	} else {
		var b strings.Builder
		for _, p := range problems {
			fmt.Fprintf(&b, "%-12s  %s  (%s)\n", p.Kind, p.Name, p.Detail)
		}
		describe(&b, v)
		if _, err := io.WriteString(cmd.OutOrStdout(), b.String()); err != nil {
			return err
		}
	}
	if !v.OK() {
		return fmt.Errorf("%s is %w: %d problems", name, errFindings, len(problems))
	}
	return nil
}

func publicKeys(dir string, paths []string) (keys []ed25519.PublicKey, err error) {
	if len(paths) == 0 && archive.IsURL(dir) {
		return nil, errors.New("name the archive's public key with --public-key: beside a bucket there is none")
	}
	if len(paths) == 0 {
		path := archive.PublicKeyPath(archive.DefaultKeyFile(dir))
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("name the archive's public key with --public-key: %w", err)
		}
		paths = []string{path}
	}
	for _, path := range paths {
		more, err := archive.LoadPublicKeys(path)
		if err != nil {
			return nil, err
		}
		keys = append(keys, more...)
	}
	return keys, nil
}

func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

func describeArchive(b *strings.Builder, v *archive.Verification) {
	say := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	for _, warning := range v.Warnings {
		say("warning       %s", warning)
	}
	for _, n := range v.Notes {
		say("note          %s", n)
	}
	sealed := "no hour is sealed yet"
	if v.First != nil {
		sealed = fmt.Sprintf("%d hours sealed from %s to %s", v.Hours, *v.First, *v.Last)
	}
	say("%s: %d files as sealed (%d rows, %d bytes), %d expired, %d of hours still open", sealed, v.Files, v.Rows, v.Bytes, v.Expired, v.Unsealed)
	if v.Newest != nil {
		say("archive       %s, signed with key %s", v.Archive, strings.Join(v.Keys, ", "))
		say("newest seal   hour %s, signed at %s (%s ago), SHA-256 %s", v.Newest.Hour, v.Newest.SealedAt.Format(time.RFC3339),
			(time.Duration(v.AgeSeconds) * time.Second).Round(time.Minute), v.Newest.Digest)
	}
	for _, h := range v.Holds {
		say("hold          %s", describeHold(h))
	}
	switch {
	case v.UnalteredUntil != nil:
		say("the sealed hours are unaltered up to %s; what came later is not proven", v.UnalteredUntil.Format("2006-01-02 15:04 UTC"))
	case v.OK():
		say("nothing is sealed yet, so nothing can be proven")
	}
	describeCompleteness(b, v.Completeness)
}
