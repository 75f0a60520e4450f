package provisioningprocessor

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
)

func mustOpen(t require.TestingT, disk *disk, s *sink, change ...func(*Config)) *correlator {
	f, err := open(t, disk, s, change...)
	require.NoError(t, err)
	return f
}

func TestAnyOrderAndAnyBatchesGiveTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		observations := drawHistory(t)
		s := newSink()
		var disk *disk
		if rapid.Bool().Draw(t, "durable") {
			disk = newDisk(t)
		}
		f := mustOpen(t, disk, s)
		for _, batch := range batches(t, observations) {
			require.NoError(t, f.ConsumeLogs(context.Background(), logsOf(batch)))
			if disk != nil && rapid.Bool().Draw(t, "restart") {
				require.NoError(t, f.Shutdown(context.Background()))
				f = mustOpen(t, disk, s)
				require.Zero(t, f.epoch.Load(), "a restart in order is no crash")
			}
		}
		require.NoError(t, f.correct(context.Background()))
		require.NoError(t, f.Shutdown(context.Background()))
		check(t, s, observations)
	})
}

// The receiver replays what was not acknowledged, other feeds may come first
// after a restart, and a failed call may or may not have taken effect.
func TestCrashAnywhereAndReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		observations := drawHistory(t)
		s, disk := newSink(), newDisk(t)
		one := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "disk"), 1))
		disk.Fail(func(int, bool) (before, after error) {
			switch one.IntN(8) {
			case 0:
				return errCrash, nil
			case 1:
				return nil, errCrash
			}
			return nil, nil
		})
		two := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "consumer"), 2))
		s.refusing(func(int) (before, after bool) { n := two.IntN(6); return n == 0, n == 1 })

		left := batches(t, observations)
		var f *correlator
		for tries := 0; len(left) > 0; tries++ {
			if tries == 40 {
				disk.Fail(nil)
				s.refusing(nil)
			}
			if f == nil {
				var err error
				if f, err = open(t, disk, s); err != nil {
					require.ErrorIs(t, err, errCrash)
					continue
				}
			}
			if err := f.ConsumeLogs(context.Background(), logsOf(left[0])); err == nil {
				left = left[1:]
				continue
			}
			if rapid.Bool().Draw(t, "killed") {
				kill(f)
				f = nil
			}
			if rapid.Bool().Draw(t, "another order") {
				var all []provisioning.Observation
				for _, batch := range left {
					all = append(all, batch...)
				}
				left = batches(t, rapid.Permutation(all).Draw(t, "order"))
			}
		}
		disk.Fail(nil)
		s.refusing(nil)
		if f == nil {
			f = mustOpen(t, disk, s)
		}
		require.NoError(t, f.correct(context.Background()))
		require.NoError(t, f.Shutdown(context.Background()))
		check(t, s, observations)
	})
}

// kill ends a processor as kill -9 does: nothing is written.
func kill(f *correlator) {
	f.stop()
	f.done.Wait()
	f.telemetry.shutdown()
	_ = f.store.Close(context.Background())
}

// Every single call of a fixed run fails once, before and after it took effect.
func TestCrashAtEveryCall(t *testing.T) {
	observations := []provisioning.Observation{
		observe("g1", provisioning.StatusPending, 1, coarse), observe("g1", provisioning.StatusPending, 2),
		observe("g2", provisioning.StatusCommitted, 3), observe("g1", provisioning.StatusFailed, 5, coarse),
		observe("g1", provisioning.StatusCommitted, 4), observe("g2", provisioning.StatusSuccess, 9),
	}
	run := func(failing int, disk *disk, s *sink, calls *int) {
		fails := func() bool { *calls++; return *calls-1 == failing/2 }
		disk.Fail(func(int, bool) (before, after error) {
			if !fails() {
				return nil, nil
			}
			if failing%2 == 0 {
				return errCrash, nil
			}
			return nil, errCrash
		})
		s.refusing(func(int) (before, after bool) {
			failed := fails()
			return failed && failing%2 == 0, failed && failing%2 == 1
		})
		var f *correlator
		for i := 0; i < len(observations); {
			if f == nil {
				f, _ = open(t, disk, s)
				continue
			}
			if f.ConsumeLogs(context.Background(), logsOf(observations[i:i+2])) != nil {
				kill(f)
				f = nil
				continue
			}
			i += 2
		}
		kill(f)
	}
	whole := 0
	run(-2, newDisk(t), newSink(), &whole)
	require.Greater(t, whole, 10)
	for failing := range 2 * whole {
		s, calls := newSink(), 0
		run(failing, newDisk(t), s, &calls)
		require.Greater(t, calls, failing/2, "the failing call was reached")
		check(t, s, observations)
	}
}

func TestForeignRecordsPassUntouched(t *testing.T) {
	s := newSink()
	f := mustOpen(t, nil, s)
	logs := logsOf([]provisioning.Observation{observe("g1", provisioning.StatusPending, 1)})
	records := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	records.AppendEmpty().Body().SetStr("somebody else's")
	record.WriteQuarantined(&record.Quarantined{Reason: "bad", Original: "{"}, records.AppendEmpty())
	require.NoError(t, f.ConsumeLogs(t.Context(), logs))
	require.Equal(t, []string{"somebody else's", "Quarantined: bad"}, s.others)
	require.Len(t, s.observations, 1)

	foreign := plog.NewLogs()
	foreign.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("only")
	require.NoError(t, f.ConsumeLogs(t.Context(), foreign))
	require.Contains(t, s.others, "only")
	require.NoError(t, f.Shutdown(t.Context()))
}

// TestReconciliationsPassUnchanged: statements of the receiver go on as they are, beside what
// the processor makes of the observations of a batch.
func TestReconciliationsPassUnchanged(t *testing.T) {
	s := newSink()
	c := mustOpen(t, nil, s)
	logs := logsOf([]provisioning.Observation{observe("g1", provisioning.StatusPending, 5)})
	statement := record.Reconciliation{
		Tenant: "acme", Feed: provisioning.FeedEvents, Hour: 3_600_000_000_000, ObservedAt: 7_200_000_000_001, Pass: 1,
		Verdict: record.VerdictHidden, VendorCount: 3, Method: record.MethodWindows, Observed: 1, Digest: "00000000000000ff",
		Missing: 2, MissingIDs: []string{"a", "b"}, Reason: "two are not shown",
	}
	record.WriteReconciliation(&statement, logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().AppendEmpty())
	require.NoError(t, c.ConsumeLogs(t.Context(), logs))
	require.NoError(t, c.Shutdown(t.Context()))
	require.Equal(t, []record.Reconciliation{statement}, s.statements)
	require.Len(t, s.observations, 1)
}

// TestRefusedBatchIsAsItWas: a sender may send the same batch again.
func TestRefusedBatchIsAsItWas(t *testing.T) {
	s, disk := newSink(), newDisk(t)
	f := mustOpen(t, disk, s)
	logs := logsOf([]provisioning.Observation{observe("g1", provisioning.StatusPending, 1), observe("g1", provisioning.StatusSuccess, 2), observe("g2", provisioning.StatusPending, 1)})
	records := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords()
	records.At(1).Attributes().PutStr("colour", "red")
	records.AppendEmpty().Body().SetStr("somebody else's")
	before := plog.NewLogs()
	logs.CopyTo(before)
	s.refuse = func(call int) (bool, bool) { return call == 0, call == 1 }
	for range 2 {
		require.ErrorIs(t, f.ConsumeLogs(t.Context(), logs), errRefused)
		require.Equal(t, before, logs)
	}
	require.NoError(t, f.ConsumeLogs(t.Context(), logs))
	require.Len(t, s.observations, 3)
	require.NoError(t, f.Shutdown(t.Context()))
}

func TestUnreadableRecordIsQuarantined(t *testing.T) {
	s := newSink()
	f := mustOpen(t, nil, s)
	logs := logsOf([]provisioning.Observation{observe("g1", provisioning.StatusPending, 1), observe("g2", provisioning.StatusPending, 1)})
	logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr("provisioning.reported_status", "Done")
	require.NoError(t, f.ConsumeLogs(t.Context(), logs))
	require.Len(t, s.others, 1)
	require.Contains(t, s.others[0], "provisioning.reported_status")
	require.Len(t, s.observations, 1, "the good record beside it is folded")
	require.NoError(t, f.Shutdown(t.Context()))
}

func TestDuplicatesSendAndStoreNothing(t *testing.T) {
	s, disk := newSink(), newDisk(t)
	f := mustOpen(t, disk, s)
	batch := []provisioning.Observation{observe("g1", provisioning.StatusPending, 1)}
	require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(batch)))
	calls, writes := s.calls, disk.Writes()
	again := slices.Clone(batch)
	again[0].ObservedAt++
	require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(again)))
	require.Equal(t, calls, s.calls)
	require.Equal(t, writes, disk.Writes())
	require.NoError(t, f.Shutdown(t.Context()))
}

func TestFoldedActivityLeavesATombstone(t *testing.T) {
	s := newSink()
	f := mustOpen(t, nil, s)
	account := observe("g1", provisioning.StatusFailed, 5, coarse)
	fine, other := observe("g1", provisioning.StatusPending, 1), observe("g1", provisioning.StatusPending, 2, func(o *provisioning.Observation) { o.AttributeValue = "CN=Other" })
	send := func(o ...provisioning.Observation) { require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(o))) }
	send(account)
	require.Len(t, s.standing(), 1)
	send(fine)
	standing := s.standing()
	require.Len(t, standing, 1)
	var folded record.Record
	for _, r := range s.activities {
		if !r.FoldedInto.IsZero() {
			folded = r
		}
	}
	require.Contains(t, standing, folded.FoldedInto)
	require.Equal(t, record.TypeState, folded.RecordType)
	require.False(t, s.observations[fine.EventID].Current, "the account's failure is newer")
	require.Equal(t, provisioning.StatusFailed, standing[folded.FoldedInto].Status)
	send(other)
	require.Len(t, s.standing(), 2)
	check(t, s, []provisioning.Observation{account, fine, other})
	require.NoError(t, f.Shutdown(t.Context()))
}

func TestDamagedStateIsLoudAndLosesNothing(t *testing.T) {
	s, disk := newSink(), newDisk(t)
	f := mustOpen(t, disk, s)
	require.NoError(t, f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{observe("g1", provisioning.StatusPending, 1)})))
	kill(f)
	f = mustOpen(t, disk, s)
	disk.Damage()
	calls := s.calls
	err := f.ConsumeLogs(t.Context(), logsOf([]provisioning.Observation{observe("g1", provisioning.StatusSuccess, 2)}))
	require.ErrorContains(t, err, "damaged")
	require.ErrorContains(t, err, "nothing was acknowledged")
	require.Equal(t, calls, s.calls)
	require.NoError(t, f.Shutdown(t.Context()))
}
