package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

// quarantineFlags say where the quarantine is read and which records are meant.
type quarantineFlags struct {
	archive    string
	clickhouse string

	since, until string
	tenant, feed string
	reason, file string
}

func newQuarantineCommand() *cobra.Command {
	var flags quarantineFlags
	cmd := &cobra.Command{
		Use:   "quarantine",
		Short: "List, show and requeue what could not be read",
		Long: `Works on the quarantine: texts that could not be understood or stored. They are kept
in the archive and in ClickHouse (whole up to 64 KiB each, secrets redacted), with the
reason, and are missing everywhere else.

It is read from the archive's files, or with --clickhouse from the table. Nothing is ever
removed from either; what is old expires with them.`,
		Example: `  provtrail quarantine list
  provtrail quarantine list --since 24h --reason "group id"
  provtrail quarantine show 5f0c2a
  provtrail quarantine requeue --feed file --since 24h --into ./data/input
  provtrail quarantine list --clickhouse http://127.0.0.1:8123/provtrail`,
		Args: cobra.NoArgs,
	}
	f := cmd.PersistentFlags()
	f.StringVar(&flags.archive, "archive", "./data/archive", "folder of the archive, or of a copy of it")
	f.StringVar(&flags.clickhouse, "clickhouse", "", "read the table instead: http://[user@]host:8123/database; the password comes from PROVTRAIL_CLICKHOUSE_PASSWORD")
	f.StringVar(&flags.since, "since", "", "received at or after: a time (RFC 3339), or a duration before now (24h)")
	f.StringVar(&flags.until, "until", "", "received before: a time (RFC 3339), or a duration before now")
	f.StringVar(&flags.tenant, "tenant", "", "only this tenant")
	f.StringVar(&flags.feed, "feed", "", "only this feed: rest, search, events, webhook or file")
	f.StringVar(&flags.reason, "reason", "", "only where the reason contains this text")
	f.StringVar(&flags.file, "file", "", "only where the file or address contains this text")
	cmd.AddCommand(newQuarantineListCommand(&flags), newQuarantineShowCommand(&flags), newQuarantineRequeueCommand(&flags))
	return cmd
}

// errNothing is returned where no record is meant, so that a script notices.
var errNothing = errors.New("no quarantined record matches")

// quarantineFilter is what the flags and the ids on the command line select.
type quarantineFilter struct {
	since, until time.Time // zero: no bound
	ids          []string  // as a whole or their first digits; none: all
	flags        *quarantineFlags
}

func (f *quarantineFlags) filter(ids []string, now time.Time) (*quarantineFilter, error) {
	out := &quarantineFilter{flags: f}
	for _, id := range ids {
		id = strings.ToLower(id)
		if len(id) < 4 || strings.Trim(id, "0123456789abcdef") != "" {
			return nil, fmt.Errorf("%q is no id: give at least its first 4 hex digits, as `provtrail quarantine list` shows them", id)
		}
		out.ids = append(out.ids, id)
	}
	var err, err2 error
	out.since, err = quarantineTime("--since", f.since, now)
	out.until, err2 = quarantineTime("--until", f.until, now)
	return out, errors.Join(err, err2)
}

func quarantineTime(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if before, err := time.ParseDuration(text); err == nil && before > 0 {
		return now.Add(-before), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%s: %q is neither a duration such as 24h nor a time such as 2026-11-22T08:00:00Z", flag, text)
	}
	return t, nil
}

func (f *quarantineFilter) matches(q *record.Quarantined) bool {
	at := q.ObservedAt.AsTime()
	return (f.since.IsZero() || !at.Before(f.since)) && (f.until.IsZero() || at.Before(f.until)) &&
		(f.flags.tenant == "" || q.Tenant == f.flags.tenant) && (f.flags.feed == "" || string(q.Feed) == f.flags.feed) &&
		containsFold(q.Reason, f.flags.reason) && containsFold(q.File, f.flags.file) &&
		(len(f.ids) == 0 || slices.ContainsFunc(f.ids, func(id string) bool { return strings.HasPrefix(q.EventID.String(), id) }))
}

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// selected returns the records that are meant, oldest first, each once. Beginnings of
// ids that fit none or several are errors.
func (f *quarantineFlags) selected(ctx context.Context, ids []string) ([]*record.Quarantined, error) {
	filter, err := f.filter(ids, time.Now())
	if err != nil {
		return nil, err
	}
	read := f.readArchive
	if f.clickhouse != "" {
		read = f.readClickHouse
	}
	seen := map[provisioning.ID]bool{}
	var out []*record.Quarantined
	err = read(ctx, filter, func(q *record.Quarantined) {
		if !seen[q.EventID] && filter.matches(q) {
			seen[q.EventID] = true
			out = append(out, q)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, id := range filter.ids {
		n := 0
		for _, q := range out {
			if strings.HasPrefix(q.EventID.String(), id) {
				n++
			}
		}
		switch {
		case n == 0:
			err = errors.Join(err, fmt.Errorf("%w: %s", errNothing, id))
		case n > 1:
			err = errors.Join(err, fmt.Errorf("%d records begin with %s: give more digits", n, id))
		}
	}
	slices.SortStableFunc(out, func(a, b *record.Quarantined) int {
		if c := a.ObservedAt.AsTime().Compare(b.ObservedAt.AsTime()); c != 0 {
			return c
		}
		return int(a.Position - b.Position)
	})
	return out, err
}
