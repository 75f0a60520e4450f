package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/provtrail/provtrail/archive"
)

// knownHeads reads heads that the user names: the digest of a seal, or a file. Where none
// is named, the file beside the archive's signing key is used if it exists.
func knownHeads(dir string, named []string) (heads []archive.Head, err error) {
	if beside := archive.HeadPath(archive.DefaultKeyFile(dir)); len(named) == 0 && !archive.IsURL(dir) {
		if _, err := os.Stat(beside); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		named = []string{beside}
	}
	for _, name := range named {
		head := archive.Head{Digest: name}
		if digest, err := hex.DecodeString(name); err != nil || len(digest) != 32 {
			if head, err = archive.LastHead(name); err != nil {
				return nil, fmt.Errorf("--head: %w", err)
			}
		}
		if head.IsZero() {
			return nil, fmt.Errorf("--head: %s has no head of a chain", name)
		}
		heads = append(heads, head)
	}
	return heads, nil
}

type archiveFlags struct {
	directory, signingKey, spool, reason, keys string
	heads                                      []string
}

func (f *archiveFlags) options() archive.Options {
	opt := archive.Options{KeyFile: f.signingKey, Spool: f.spool}
	if opt.KeyFile == "" {
		opt.KeyFile = archive.DefaultKeyFile(f.directory)
	}
	return opt
}

// open opens the archive for writing.
func (f *archiveFlags) open(ctx context.Context) (*archive.Archive, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	opt := f.options()
	opt.PersonalKeys = keysAtHand(f.directory, f.keys)
	a, err := archive.Open(ctx, f.directory, opt)
	if err != nil {
		return nil, fmt.Errorf("%w; stop the collector before the archive is written", err)
	}
	return a, nil
}

// check keeps a mistyped name from making a new archive or key.
func (f *archiveFlags) check() error {
	if archive.IsURL(f.directory) && f.signingKey == "" {
		return errors.New("name the signing key with --signing-key: beside a bucket there is none")
	}
	if !archive.IsURL(f.directory) {
		if _, err := os.Stat(f.directory); err != nil {
			return fmt.Errorf("--directory: %w", err)
		}
	}
	if _, err := os.Stat(f.options().KeyFile); err != nil {
		return fmt.Errorf("--signing-key: %w", err)
	}
	return nil
}

func newArchiveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "archive",
		Short: "Decide what the exporter of an archive does not decide itself",
	}
	cmd.AddCommand(newArchiveRecoverCommand(), newArchiveConfirmClockCommand(), newArchiveHoldCommand())
	return cmd
}

func newArchiveSubcommand(flags *archiveFlags, use, short, long, example string, run func(*cobra.Command) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			return run(cmd)
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.directory, "directory", "", "directory or bucket of the archive, as the exporter's setting")
	f.StringVar(&flags.signingKey, "signing-key", "", "file of the signing key (default: DIRECTORY-signing-key.pem)")
	f.StringVar(&flags.spool, "spool", "./data/archive-spool", "for a bucket: the exporter's setting spool")
	_ = cmd.MarkFlagRequired("directory") // fails for an unknown flag only
	return cmd
}

func newArchiveRecoverCommand() *cobra.Command {
	var flags archiveFlags
	cmd := newArchiveSubcommand(&flags, "recover", "Let sealing go on after seals were lost",
		`The exporter does not seal where the chain of seals vanished, went back or is not the one
that is remembered outside the archive. Restore the directory _chain from a copy if you
can. If the loss is to be accepted, stop the collector and run this command. It signs an
entry of the chain that names the lost seal, the reason and the time. From then on
provtrail verify reports that entry as a finding: nothing proves the hours whose seals
were lost.`,
		`  provtrail archive recover --directory ./data/archive --reason "disk of node 3 failed, ticket 4711"`,
		func(cmd *cobra.Command) error {
			var lost []archive.Head
			var err error
			if len(flags.heads) > 0 {
				if lost, err = knownHeads(flags.directory, flags.heads); err != nil {
					return err
				}
			}
			head, err := archive.Recover(cmd.Context(), flags.directory, flags.options(), lost, flags.reason)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "recorded in the chain; its head is now %s\n", head)
			return err
		})
	f := cmd.Flags()
	f.StringVar(&flags.reason, "reason", "", "why the loss is accepted")
	f.StringArrayVar(&flags.heads, "head", nil, "SHA-256 of a lost seal, or a file with it, besides those in SIGNING-KEY.head; may be repeated")
	_ = cmd.MarkFlagRequired("reason") // fails for an unknown flag only
	return cmd
}

func newArchiveConfirmClockCommand() *cobra.Command {
	var flags archiveFlags
	return newArchiveSubcommand(&flags, "confirm-clock", "State that the clock of this machine is right",
		`The exporter does not seal where the clock of the machine is hours ahead of the last time
that it believed and no record shows that the time has passed. If the clock is right, stop
the collector, run this command and start the collector.`,
		`  provtrail archive confirm-clock --directory ./data/archive`,
		func(cmd *cobra.Command) error {
			return archive.ConfirmClock(cmd.Context(), flags.directory, flags.options())
		})
}
