package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provtrail/provtrail/archive"
)

type forgetFlags struct {
	archive, keys string
	subject       archive.Subject
	yes           bool
}

func newForgetCommand() *cobra.Command {
	var flags forgetFlags
	cmd := &cobra.Command{
		Use:   "forget",
		Short: "Erase what an archive with privacy holds about a person",
		Long: `Destroys the key with which the texts of a person are encrypted, in the archive and in
every copy of it. Files and seals stay as they are, and the rows stay without their personal
columns, which are read as "erased". The next seal states the destroyed key; provtrail verify
reports it. It works on archives that are written with the exporter's setting privacy, and
only on what was written since that setting is on. The collector may run.

Without --yes it prints what would be forgotten and changes nothing. Doing it twice changes
nothing. What is reported about the person afterwards is new, and encrypted with a new key.
With an identity the accounts are forgotten that its rows name, in rows without an identity.

It does not reach ClickHouse, whose rows end with their TTL or with the statements that are
printed; rows of other people that name the person; quarantined data; what was exported
before; and backups of the key store, which have the key.

The exit status is 0 when the person is forgotten, also by an earlier call, and 2 when
nothing is known of the person, the person is held, or something could not be done.`,
		Example: `  provtrail forget --archive ./data/archive --identity 2c9180835d2e5168015d32f890ca1581
  provtrail forget --archive ./data/archive --identity 2c9180835d2e5168015d32f890ca1581 --yes
  provtrail forget --archive ./data/archive --keys /mnt/keys/archive --tenant acme --identity 2c91 --yes
  provtrail forget --archive ./data/archive --source 2c9180835d191a86015d28455b4a2329 --account ada.lovelace --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return forget(cmd, &flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.archive, "archive", defaultArchive, "folder or bucket's URL of the archive")
	f.StringVar(&flags.keys, "keys", "", "key store of persons, the exporter's setting privacy::keys (default: ARCHIVE-personal-keys)")
	f.StringVar(&flags.subject.Identity, "identity", "", "id of the identity")
	f.StringVar(&flags.subject.Source, "source", "", "with --account: id of the source, or its name where rows have no id")
	f.StringVar(&flags.subject.Account, "account", "", "account on the source, in rows that name no identity")
	f.StringVar(&flags.subject.Tenant, "tenant", "", "only in this tenant (default: in all)")
	f.BoolVar(&flags.yes, "yes", false, "destroy the keys; without it nothing is changed")
	return cmd
}

func forget(cmd *cobra.Command, flags *forgetFlags) (err error) {
	path := cmp.Or(flags.keys, archive.DefaultPersonalKeys(flags.archive))
	if path == "" {
		return errors.New("name the key store with --keys: beside a bucket there is none")
	}
	keys, err := archive.OpenForgetting(path)
	if err != nil {
		return fmt.Errorf("%w; without it nothing can be forgotten and nothing was changed", err)
	}
	defer func() { err = errors.Join(err, keys.Close()) }()
	found, err := archive.FindPersonal(cmd.Context(), flags.archive, keys, flags.subject)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if len(found.Persons) == 0 {
		if len(found.Before) == 0 {
			return errors.New("the key store knows nobody of that name: nothing was written of them since privacy is on, or the id is another one; nothing was changed")
		}
		return printErasures(out, "already forgotten", found.Before)
	}
	for _, p := range found.Persons {
		if _, err := fmt.Fprintln(out, p); err != nil {
			return err
		}
	}
	if len(found.Held) > 0 {
		return &archive.HeldError{Holds: found.Held}
	}
	if !flags.yes {
		_, err := fmt.Fprintf(out, "would forget %d keys, with which the personal columns of %d rows are encrypted; nothing was changed: repeat it with --yes\n", len(found.Persons), found.Rows)
		return err
	}
	done, err := archive.Forget(keys, found, time.Now())
	if err != nil {
		return err
	}
	if err := printErasures(out, "forgotten", done); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "the personal columns of %d rows are erased, here and in every copy of the archive; the next seal of the collector states it\n%s", found.Rows, notReached(flags.subject))
	return err
}

func printErasures(out io.Writer, what string, list []archive.Erasure) error {
	for _, e := range list {
		if _, err := fmt.Fprintf(out, "%s: key %s, destroyed at %s\n", what, e.Key, e.At.Format(time.RFC3339)); err != nil {
			return err
		}
	}
	return nil
}

// notReached says what is left to do, with the statements for ClickHouse.
func notReached(s archive.Subject) string {
	where := "identity_id = " + quoted(s.Identity)
	failures := "identity = sipHash64(" + quoted(s.Identity) + ")"
	tables := []string{"observations", "activities", "groups"}
	if s.Account != "" {
		where = fmt.Sprintf("identity_id = '' AND %s IN (source_id, source_name) AND lower(account_id) = lower(%s)", quoted(s.Source), quoted(s.Account))
		tables = tables[:2] // a group has no account
	}
	if s.Tenant != "" {
		where += " AND tenant = " + quoted(s.Tenant)
		failures += " AND tenant = " + quoted(s.Tenant)
	}
	if s.Account != "" { // the errors do not have what is asked for; before the observations are gone
		failures = "activity IN (SELECT sipHash64(activity_id) FROM provtrail.provisioning_observations WHERE " + where + ")"
	}
	var b strings.Builder
	b.WriteString("not reached:\n  ClickHouse, until the TTL removes the rows, or now, in this order, with\n")
	fmt.Fprintf(&b, "    ALTER TABLE provtrail.provisioning_errors DELETE WHERE %s SETTINGS mutations_sync = 2\n", failures)
	for _, table := range tables {
		fmt.Fprintf(&b, "    ALTER TABLE provtrail.provisioning_%s DELETE WHERE %s\n", table, where)
	}
	b.WriteString(`  rows of other people that name the person, quarantined data, the collector's queues
  reports, evidence packs and exports that were made before
  backups of the key store: remove them, they have the key
`)
	return b.String()
}

// quoted is a text of SQL.
func quoted(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
