package archive

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/provtrail/provtrail/archive/internal/layout"
	"github.com/provtrail/provtrail/internal/clock"
	"github.com/provtrail/provtrail/provisioning/record"
)

// jumping is an archive whose machine has a clock that may be wrong by ahead. The true
// time is sealer.now.
type jumping struct {
	*sealer
	ahead time.Duration
	n     int // records written
}

func newJumping(t *testing.T, opt Options) *jumping {
	t.Helper()
	j := &jumping{sealer: &sealer{t: t, dir: t.TempDir(), now: noon, opt: opt}}
	j.opt.KeyFile = filepath.Join(t.TempDir(), "key.pem")
	j.opt.Grace, j.opt.noSync = 5*time.Minute, true
	j.opt.Now = func() time.Time { return j.now.Add(j.ahead) }
	j.begin()
	t.Cleanup(func() { require.NoError(t, j.Close()) })
	return j
}

// begin starts a process: its monotonic clock begins at zero.
func (j *jumping) begin() {
	j.t.Helper()
	began := j.now
	j.opt.Elapsed = func() time.Duration { return j.now.Sub(began) }
	j.start()
}

// work lets the writer work for some time: it receives a record that the vendor dates by
// the true time and the receiver by the clock of the machine.
func (j *jumping) work(d time.Duration) error {
	j.t.Helper()
	j.now = j.now.Add(d)
	j.write(row(0, func(r *record.Record) {
		j.n++
		r.EventID, r.OccurredAt, r.ObservedAt = id(j.n), at(j.now.Add(-5*time.Second)), at(j.now.Add(j.ahead))
	}))
	return j.idle()
}

// idle lets the writer work without a record.
func (j *jumping) idle() error {
	j.t.Helper()
	require.NoError(j.t, j.Heartbeat(j.t.Context()))
	_, err := j.SealDue(j.t.Context())
	j.believable()
	return err
}

// believable expects every seal to be of an hour that is over, every file in an hour that
// has begun, and no record missing.
func (j *jumping) believable() {
	j.t.Helper()
	require.Less(j.t, j.Archive.sealer.LastSealed(), HourOf(j.now), "no seal of an hour that is not over")
	list, err := Files(j.t.Context(), j.dir)
	require.NoError(j.t, err)
	for _, f := range list {
		require.LessOrEqual(j.t, f.Hour, HourOf(j.now), f.Name)
		require.GreaterOrEqual(j.t, f.Hour, HourOf(noon), f.Name)
	}
}

var jumps = map[string]time.Duration{
	"an hour back": -time.Hour, "a day back": -24 * time.Hour,
	"an hour ahead": time.Hour, "a day ahead": 24 * time.Hour, "a year ahead": 365 * 24 * time.Hour,
}

// TestTheClockJumpsAndReturns: nothing is deleted, no hour is sealed before its end, and
// records are in the hour in which they were received.
func TestTheClockJumpsAndReturns(t *testing.T) {
	for name, jump := range jumps {
		for _, restart := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				j := newJumping(t, Options{Retention: 12 * time.Hour})
				for range 15 {
					require.NoError(t, j.work(10*time.Minute))
				}
				j.ahead = jump
				if restart {
					require.NoError(t, j.Close())
					j.begin()
				}
				for range 7 {
					_ = j.work(time.Minute) // refused sealing is no loss
				}
				if jump.Abs() > clock.MaxDifference {
					require.ErrorContains(t, j.ClockSkew(), "the clock of this machine says "+j.now.Add(jump).Format(time.RFC3339))
				} else {
					require.NoError(t, j.ClockSkew())
				}
				j.ahead = 0
				for range 18 {
					require.NoError(t, j.work(10*time.Minute))
				}
				require.NoError(t, j.ClockSkew())
				got := j.ids()
				require.Len(t, got, 15+7+18)
				for h := HourOf(noon); h <= HourOf(noon)+4; h++ {
					require.WithinDuration(t, (h + 1).Start().Add(5*time.Minute), j.entry(h).SealedAt, 10*time.Minute)
				}
				require.NoFileExists(t, filepath.Join(j.dir, layout.SealName(HourOf(noon)+5)))
				// 14:30 to 14:37 are of the hour in which they were received.
				rows := readAll(t, j.dir)[j.entry(HourOf(noon) + 2).Files[0].Name]
				require.Equal(t, 4+7+2, len(rows)) //nolint:testifylint // the rows are too long to print
				for i := range rows {
					require.Equal(t, HourOf(noon)+2, HourOf(rows[i].OccurredAt.AsTime().Add(5*time.Second)))
				}
				require.Empty(t, j.verifyAgainst().Problems)
			})
		}
	}
}

// TestALongDowntimeNeedsEvidence: after it, the clock is believed once the vendor's times
// agree, and the downtime is a gap.
func TestALongDowntimeNeedsEvidence(t *testing.T) {
	j := newJumping(t, Options{Retention: 24 * time.Hour})
	require.NoError(t, j.work(time.Minute))
	require.NoError(t, j.Close())
	j.now = j.now.Add(100 * time.Hour)
	j.begin()
	require.NoError(t, j.idle())
	require.Error(t, j.ClockSkew())
	require.Equal(t, HourOf(noon)-1, j.Archive.sealer.LastSealed(), "nothing is sealed")
	j.write(row(7)) // an old record shows nothing
	require.Error(t, j.ClockSkew())

	require.NoError(t, j.work(time.Minute))
	require.NoError(t, j.ClockSkew())
	j.now = j.now.Add(10 * time.Minute)
	require.NoError(t, j.idle())
	require.Equal(t, HourOf(noon)+99, j.Archive.sealer.LastSealed())
	require.Len(t, j.entry(HourOf(noon)+50).Gaps, 1)
	require.Equal(t, noon.Add(time.Minute), j.entry(HourOf(noon)).Gaps[0].From)
}

// TestAClockIsConfirmed: where no record arrives, a person says that the clock is right.
func TestAClockIsConfirmed(t *testing.T) {
	j := newJumping(t, Options{})
	require.NoError(t, j.work(time.Minute))
	require.NoError(t, j.Close())
	j.now = j.now.Add(100 * time.Hour)
	j.opt.Elapsed = func() time.Duration { return 0 }
	require.NoError(t, ConfirmClock(t.Context(), j.dir, j.opt))
	j.begin()
	require.NoError(t, j.ClockSkew())
	j.now = j.now.Add(10 * time.Minute)
	require.NoError(t, j.idle())
	require.Equal(t, HourOf(noon)+99, j.Archive.sealer.LastSealed())
}

// TestAShorterRetentionNeedsNotice: it is stated in seals for the notice period before it
// removes anything; a longer one is in force at once.
func TestAShorterRetentionNeedsNotice(t *testing.T) {
	s := newSealer(t, Options{RetentionNotice: 48 * time.Hour})
	s.write(records(0, 10)...)
	s.seal(minutes(60))
	require.Nil(t, s.entry(HourOf(noon)).Retention, "for ever")

	s.opt.Retention = time.Hour
	s.restart()
	s.seal(minutes(60 * 48))
	r := s.entry(HourOf(noon) + 1).Retention
	require.Equal(t, []int64{0, 3600}, []int64{r.InForce, r.Announced})
	require.Len(t, s.ids(), 10, "still for ever")
	s.opt.Retention = 0
	s.restart()
	s.seal(minutes(60 * 49))
	require.Nil(t, s.entry(HourOf(noon)+48).Retention, "the notice is withdrawn")

	s.opt.Retention = time.Hour
	s.restart()
	s.seal(minutes(60 * 50))
	s.seal(minutes(60*98 - 1))
	require.Len(t, s.ids(), 10)
	s.seal(minutes(60 * 99))
	require.Empty(t, s.ids())
	require.Equal(t, int64(3600), s.entry(HourOf(noon)+98).Retention.InForce)
	require.Len(t, s.entry(HourOf(noon)+97).Expired, 1)

	s.opt.Retention = 2 * time.Hour
	s.restart()
	s.seal(minutes(60 * 100))
	require.Equal(t, int64(7200), s.entry(HourOf(noon)+99).Retention.InForce)
	v := s.verify()
	require.Empty(t, v.Problems)
	require.Equal(t, int64(7200), v.Retention)
}
