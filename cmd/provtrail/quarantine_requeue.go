package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provtrail/provtrail/provisioning/record"
)

func newQuarantineRequeueCommand(flags *quarantineFlags) *cobra.Command {
	var into string
	var all, dryRun bool
	cmd := &cobra.Command{
		Use:   "requeue [ID...]",
		Short: "Let the collector read records again",
		Long: `Writes the texts of the records into one new file in a folder that the receiver's file
feed watches, where they are read as if they came for the first time: after an update
that knows the vendor's new document, for example. Doing it twice does no harm: what is
understood has the same ids again, and what is not comes back into the quarantine.

Which records: ids, filters such as --since and --reason, or --all. They must be of one
tenant, the one that the watching receiver is configured for. A text that was cut because
of its length is left out and named; read it again from where it came from.`,
		Example: `  provtrail quarantine requeue 5f0c2a 81d07e --into ./data/input
  provtrail quarantine requeue --reason "group id" --since 24h --into ./data/input --dry-run
  provtrail quarantine requeue --all --tenant acme --into /var/lib/provtrail/input`,
		SilenceUsage: true,
		RunE: func(cmd *cobra.Command, ids []string) error {
			filters := flags.since + flags.until + flags.feed + flags.reason + flags.file
			if len(ids) == 0 && filters == "" && !all {
				return errors.New("say which records: ids, a filter such as --since 24h, or --all")
			}
			found, err := flags.selected(cmd.Context(), ids)
			if err != nil {
				return err
			}
			return requeue(cmd, found, into, dryRun)
		},
	}
	cmd.Flags().StringVar(&into, "into", "./data/input", "folder that the file feed watches (its setting include)")
	cmd.Flags().BoolVar(&all, "all", false, "all records that the other flags select")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be done, and write nothing")
	return cmd
}

func requeue(cmd *cobra.Command, found []*record.Quarantined, into string, dryRun bool) error {
	var whole []*record.Quarantined
	var errs []error
	tenants := map[string]bool{}
	for _, q := range found {
		switch {
		case strings.TrimSpace(q.Original) == "":
			errs = append(errs, fmt.Errorf("%s has no text: it is left out", q.EventID))
		case isCut(q):
			errs = append(errs, fmt.Errorf("%s is %d bytes long and was cut: it is left out; read it again from %s, at %d", q.EventID, q.Size, q.File, q.Position))
		default:
			whole = append(whole, q)
			tenants[q.Tenant] = true
		}
	}
	if len(tenants) > 1 {
		return errors.New("the records are of several tenants, nothing was written: choose one with --tenant, and the folder that its receiver watches")
	}
	if len(whole) == 0 {
		return errors.Join(append(errs, errNothing)...)
	}
	if dryRun {
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "would write %d records into %s\n", len(whole), into)
		return errors.Join(append(errs, err)...)
	}
	name, err := writeRequeued(whole, into, time.Now())
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d records written to %s: the collector reads them when it next looks there\n", len(whole), name)
	return errors.Join(append(errs, err)...)
}

// writeRequeued writes the texts into a new file. The receiver may begin to read while
// it grows: an unfinished document is waited for.
func writeRequeued(records []*record.Quarantined, into string, now time.Time) (name string, err error) {
	if info, err := os.Stat(into); err != nil || !info.IsDir() {
		return "", fmt.Errorf("--into: %s is not a folder that is there, nothing was written", into)
	}
	name = filepath.Join(into, "requeued-"+now.UTC().Format("20060102T150405.000000000Z")+".json")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("--into: nothing was written: %w", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(fmt.Errorf("requeue into %s, try again: %w", name, err), os.Remove(name))
		}
	}()
	if _, err = f.WriteString(distinctBlank()); err != nil {
		return name, err
	}
	for _, q := range records {
		if _, err = f.WriteString(strings.TrimSpace(q.Original) + "\n"); err != nil {
			return name, err
		}
	}
	return name, f.Sync()
}

// distinctBlank is a line of 128 spaces and tabs that no other file begins with. The
// file feed knows a file by its first bytes: without it, the same texts requeued a
// second time would be taken for the file that was read already.
func distinctBlank() string {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	var line strings.Builder
	for _, b := range nonce {
		for bit := range 8 {
			line.WriteByte(" \t"[b>>bit&1])
		}
	}
	line.WriteByte('\n')
	return line.String()
}
