package heal_test

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/internal/columnar"
	"github.com/provtrail/provtrail/internal/heal"
	"github.com/provtrail/provtrail/processor/provisioningprocessor"
	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/errorclass"
)

func (p *patient) replay(t *testing.T, r heal.Replay, f func(*heal.GroupChange) error) (list []heal.Change, done heal.Replayed) {
	t.Helper()
	r.From, r.Reason = p.view(t), "test"
	if r.Errors == nil {
		var err error
		r.Errors, err = errorclass.Extend(nil)
		require.NoError(t, err)
	}
	done, err := r.Run(t.Context(), func(g *heal.GroupChange) error {
		list = append(list, g.Changes...)
		if f == nil {
			return nil
		}
		return f(g)
	})
	require.NoError(t, err)
	return list, done
}

// write replays and stores the changes in both stores.
func (p *patient) write(t *testing.T, r heal.Replay, state string) []heal.Change {
	t.Helper()
	a, done := p.open(t)
	w := heal.Writer{
		Begin: func(ctx context.Context, epoch uint32) error {
			if state == "" {
				return nil
			}
			return provisioningprocessor.RaiseEpoch(ctx, state, epoch)
		},
		Archive:    func(ctx context.Context, b []*columnar.Batch) error { _, err := a.WriteColumns(ctx, b); return err },
		ClickHouse: p.store.Write,
	}
	list, _ := p.replay(t, r, func(g *heal.GroupChange) error { return w.Add(t.Context(), g) })
	require.NoError(t, w.Flush(t.Context()))
	done()
	return list
}

func TestReplayWithTheSameRulesChangesNothing(t *testing.T) {
	p := newPatient(t)
	p.fill(t, nil, 1, 400)
	list, done := p.replay(t, heal.Replay{}, nil)
	require.Empty(t, list)
	require.Positive(t, done.Activities)
	require.Greater(t, done.Reread, done.Observations*9/10, "documents were not read again")
}

// byTime are a tenant's observations in the order in which they happened.
func byTime(t *testing.T, p *patient) []observation {
	all := simulated(t, p.now, 1, 60)
	slices.SortStableFunc(all, func(a, b observation) int { return cmp.Compare(a.At(), b.At()) })
	return all
}

const states = "SELECT toString(tuple(activity_id, status, outcome, previous_status, attempts, occurred_at, status_since, committed_at, finished_at, state_seq, error_category, source_name, group_status)) FROM activities ORDER BY activity_id"

// TestReplayRepairsALostState: a processor that lost its state goes on; after the replay both
// stores are as if it had not.
//
// At the first of the times the two processors put one observation into two activities.
func TestReplayRepairsALostState(t *testing.T) {
	for _, now := range []string{"2026-11-27T17:48:01Z", "2026-03-29T00:30:00Z", "2026-12-31T23:59:59Z"} {
		t.Run(now, func(t *testing.T) { testReplayRepairsALostState(t, now) })
	}
}

func testReplayRepairsALostState(t *testing.T, now string) {
	p := newPatient(t)
	var err error
	p.now, err = time.Parse(time.RFC3339, now)
	require.NoError(t, err)
	all := byTime(t, p)
	a, done := p.open(t)
	to := &sink{archive: a, store: p.store}
	p.process(t, to, all[:len(all)/2])
	p.process(t, to, all[len(all)/2:])
	done()
	healthy, want := p.database(t)
	p.process(t, &sink{store: healthy}, all)
	whole := patient{world: p.world, store: healthy, conn: want}
	require.NotEqual(t, whole.rows(t, states), p.rows(t, states))

	list := p.write(t, heal.Replay{}, "")
	require.NotEmpty(t, list)
	require.Equal(t, whole.rows(t, states), p.rows(t, states))
	const groups = "SELECT toString(tuple(* EXCEPT (version, observed_at))) FROM groups ORDER BY group_id"
	require.Equal(t, whole.rows(t, groups), p.rows(t, groups))
	require.Empty(t, problems(p.diagnosis(t)))
	for _, c := range list {
		var reason string
		require.NoError(t, p.conn.QueryRow(t.Context(), "SELECT reason FROM observations WHERE event_id = ?", c.Record.EventID.String()).Scan(&reason))
		require.True(t, strings.HasPrefix(reason, "test: "), reason)
		require.Contains(t, reason, c.Columns[0].Column)
	}
	again, _ := p.replay(t, heal.Replay{}, nil)
	require.Empty(t, again, "written once")
}

// TestReplayWithOtherRules: another meaning of the vendor's words, read from the documents,
// and another error table.
func TestReplayWithOtherRules(t *testing.T) {
	p := newPatient(t)
	state := filepath.Join(t.TempDir(), "state")
	a, done := p.open(t)
	all := byTime(t, p)
	to := &sink{archive: a, store: p.store, state: state}
	p.process(t, to, all[:len(all)-200])
	done()

	success := heal.Replay{PassedStatus: provisioning.StatusSuccess}
	list := p.write(t, success, state)
	require.NotEmpty(t, list)
	statuses := 0
	for _, c := range list {
		for _, column := range c.Columns {
			if column.Column == "status" {
				require.Equal(t, heal.ChangedColumn{Column: "status", Old: "Committed", New: "Success"}, column)
				statuses++
				require.Equal(t, uint64(1), count(t, p.conn, "SELECT count() FROM activities WHERE status = 'Success' AND activity_id = '"+c.ActivityID+"'"))
			}
		}
	}
	require.Positive(t, statuses)
	require.Empty(t, problems(p.diagnosis(t)))
	again, _ := p.replay(t, success, nil)
	require.Empty(t, again)

	// The processor goes on above what was written.
	a, done = p.open(t)
	to.archive = a
	p.process(t, to, all[len(all)-200:])
	done()
	const later = "reason = '' AND version >= bitShiftLeft(toUInt64(1), 32)"
	require.Positive(t, count(t, p.conn, "SELECT count() FROM observations WHERE "+later))
	require.Zero(t, count(t, p.conn, "SELECT count() FROM (SELECT argMax(reason, version) AS newest FROM observations WHERE current GROUP BY activity_id HAVING countIf("+later+") > 0) WHERE newest != ''"))

	word := p.rows(t, "SELECT extract(error_message, '[a-z]{7,}') AS word FROM activities WHERE status = 'Failed' AND outcome = 'fault' AND error_signature != '' AND word != '' ORDER BY activity_id LIMIT 1")[0]
	table, err := errorclass.Extend(strings.NewReader("id\tcategory\tconnector\tpattern\texample\tretryable\tnext_action\tsource\n" +
		"ours\tconnection_failed\t*\t" + word + "\t" + word + "\tyes\tWait.\town\n"))
	require.NoError(t, err)
	changed, _ := p.replay(t, heal.Replay{PassedStatus: provisioning.StatusSuccess, Errors: table}, nil)
	categories := 0
	for _, c := range changed {
		for _, column := range c.Columns {
			if column.Column == "error_signature" && column.New == "ours" {
				categories++
				require.Contains(t, strings.ToLower(c.Record.ErrorMessage), word)
			}
		}
	}
	require.Positive(t, categories)
}
