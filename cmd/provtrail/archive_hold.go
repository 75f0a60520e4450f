package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/provtrail/provtrail/archive"
	archivereport "github.com/provtrail/provtrail/archive/report"
)

func newArchiveHoldCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hold",
		Short: "Keep what retention would remove, for a tenant, period, person or group",
		Long: `A hold keeps files whatever the retention. A hold of a person or a group keeps every hour
in which a row names them: a person by id, name or account, also as requester or approver.
Rows of their activities that do not name them, such as a first report without a name, are
kept by a hold of the group.

A hold is placed and released by a request that is signed with the archive's key and takes
effect with the next seal; nothing expires before. The collector may be running. Each seal
states the holds in force, and provtrail verify shows them. The exporter's setting
legal_holds does the same by configuration.`,
		Example: `  provtrail archive hold place --directory ./data/archive --identity ada.lovelace --reason "case 2026-17"
  provtrail archive hold list --directory ./data/archive
  provtrail archive hold release --directory ./data/archive --id mfrggzdfmztw --reason "case closed"`,
	}
	cmd.AddCommand(newHoldPlaceCommand(), newHoldReleaseCommand(), newHoldListCommand())
	return cmd
}

func newHoldPlaceCommand() *cobra.Command {
	var flags archiveFlags
	var hold archive.Hold
	var from, to string
	cmd := newArchiveSubcommand(&flags, "place", "Place a hold", "Places a hold on what all of the flags describe. At least one of them is needed.",
		`  provtrail archive hold place --directory ./data/archive --identity ada.lovelace --reason "case 2026-17"
  provtrail archive hold place --directory ./data/archive --tenant acme --from 30d --reason audit`,
		func(cmd *cobra.Command) error {
			if err := parseTimes(time.Now(), timeFlag{"--from", from, &hold.From}, timeFlag{"--to", to, &hold.To}); err != nil {
				return err
			}
			if hold.Tenant == "" && hold.Identity == "" && hold.Group == "" && hold.From.IsZero() && hold.To.IsZero() {
				return errors.New("name what to hold: --identity, --group, --tenant, --from or --to")
			}
			keys, err := archive.LoadKeys(flags.options().KeyFile)
			if err != nil {
				return err
			}
			id, err := archive.PlaceHold(cmd.Context(), flags.directory, keys, hold)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "hold %s on %s: it is in force from the next seal on, and nothing expires before\n", id, hold); err != nil {
				return err
			}
			if matches, err := archive.MatchesHold(cmd.Context(), flags.directory, hold); err != nil || matches {
				return err
			}
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "warning: the hold keeps nothing that is in the archive; if it was mistyped, release it with provtrail archive hold release --id %s and place another\n", id)
			return err
		})
	f := cmd.Flags()
	f.StringVar(&hold.Identity, "identity", "", "person by id, name or account")
	f.StringVar(&hold.Group, "group", "", "group by id or number")
	f.StringVar(&hold.Tenant, "tenant", "", "only this tenant")
	f.StringVar(&from, "from", "", "hours in which records were received from this time on: "+archivereport.TimeForms)
	f.StringVar(&to, "to", "", "hours before this time, in the same forms")
	f.StringVar(&hold.Reason, "reason", "", "why; it is stated in every seal while the hold is in force")
	_ = cmd.MarkFlagRequired("reason") // fails for an unknown flag only
	return cmd
}

func newHoldReleaseCommand() *cobra.Command {
	var flags archiveFlags
	var id string
	cmd := newArchiveSubcommand(&flags, "release", "Release a hold",
		"Releases a hold that was placed. What only it kept expires with the next seal.",
		`  provtrail archive hold release --directory ./data/archive --id mfrggzdfmztw --reason "case closed"`,
		func(cmd *cobra.Command) error {
			keys, err := archive.LoadKeys(flags.options().KeyFile)
			if err != nil {
				return err
			}
			return archive.ReleaseHold(cmd.Context(), flags.directory, keys, id, flags.reason)
		})
	f := cmd.Flags()
	f.StringVar(&id, "id", "", "id of the hold, as list shows it")
	f.StringVar(&flags.reason, "reason", "", "why")
	_ = cmd.MarkFlagRequired("id") // fails for an unknown flag only
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

func newHoldListCommand() *cobra.Command {
	var flags archiveFlags
	return newArchiveSubcommand(&flags, "list", "List the holds that are in force, and those that the next seal will state",
		"Lists the holds of the newest seal, and those that were placed since.",
		`  provtrail archive hold list --directory ./data/archive`,
		func(cmd *cobra.Command) error {
			keys, err := archive.LoadKeys(flags.options().KeyFile)
			if err != nil {
				return err
			}
			sealed, pending, err := archive.Holds(cmd.Context(), flags.directory, keys)
			if err != nil {
				return err
			}
			for _, list := range []struct {
				state string
				holds []archive.Hold
			}{{"in force", sealed}, {"with the next seal", pending}} {
				for _, h := range list.holds {
					if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%-18s  %s\n", list.state, describeHold(h)); err != nil {
						return err
					}
				}
			}
			return nil
		})
}

// describeHold is a hold for people.
func describeHold(h archive.Hold) string {
	if h.ID == "" {
		return fmt.Sprintf("%s, by configuration", h)
	}
	return fmt.Sprintf("%s, %s, since %s: %s", h.ID, h, h.PlacedAt.Format(time.RFC3339), h.Reason)
}
