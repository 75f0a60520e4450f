package reconcile

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/provtrail/provtrail/provisioning/record"
)

// passes are when, counted from its end, an hour is asked about whose answers are given.
func passes(cfg *Config, answers func(pass int64, after time.Duration) statement) (at []time.Duration) {
	h, s := base, state{}
	for after := time.Duration(0); after < cfg.Retention+24*time.Hour; after += time.Minute {
		now := h.End().Add(after)
		if !cfg.due(h, &s, now, now) {
			continue
		}
		s.advance(cfg.planned(h, now), answers(s.Passes+1, after), now)
		at = append(at, after)
	}
	return at
}

func TestPasses(t *testing.T) {
	cfg := NewDefaultConfig()
	require.NoError(t, cfg.Validate())
	last := cfg.Retention - time.Hour - lastPass
	agreed := statement{Verdict: record.VerdictAgreed, VendorCount: 3}
	short := statement{Verdict: record.VerdictShort, VendorCount: 4, Missing: 1}

	require.Equal(t, []time.Duration{15 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, last},
		passes(&cfg, func(int64, time.Duration) statement { return agreed }), "the plan")

	require.Equal(t, []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, last},
		passes(&cfg, func(pass int64, _ time.Duration) statement {
			if pass == 1 {
				return short
			}
			return agreed
		}), "asked again until it agrees")

	at := passes(&cfg, func(pass int64, _ time.Duration) statement {
		return statement{Verdict: record.VerdictShort, VendorCount: pass, Missing: pass}
	})
	require.Equal(t, []time.Duration{6 * time.Hour, 6*time.Hour + 15*time.Minute, 6*time.Hour + 45*time.Minute, 7*time.Hour + 45*time.Minute, 9*time.Hour + 45*time.Minute, 13*time.Hour + 45*time.Minute, 24 * time.Hour},
		at[7:14], "an answer that never settles is asked for five times after each pass of the plan, less and less often")

	fewer := passes(&cfg, func(int64, time.Duration) statement { return statement{Verdict: record.VerdictFewer, VendorCount: 1} })
	require.Equal(t, []time.Duration{15 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 48 * time.Hour, 72 * time.Hour},
		fewer[:7], "fewer is asked for once more, and then every day")
	require.Len(t, fewer, 4+int(cfg.Retention/daily))
}

func TestDue(t *testing.T) {
	cfg := NewDefaultConfig()
	after := func(d time.Duration) time.Time { return base.End().Add(d) }
	due := func(s state, readUntil, now time.Duration) bool {
		return cfg.due(base, &s, after(readUntil), after(now))
	}
	require.False(t, due(state{}, 14*time.Minute, 5*time.Hour), "not read yet")
	require.True(t, due(state{}, 15*time.Minute, 5*time.Hour))
	require.Equal(t, 2, cfg.planned(base, after(5*time.Hour)), "missed passes are one")
	done := state{Planned: 2, Passes: 1, Asked: after(4 * time.Hour), Stated: statement{Verdict: record.VerdictAgreed}}
	require.False(t, due(done, 5*time.Hour, 5*time.Hour))
	done.Changed = true
	require.True(t, due(done, 5*time.Hour, 5*time.Hour), "documents were delivered since")
	require.False(t, due(done, 5*time.Hour, 4*time.Hour+10*time.Minute), "but a moment ago")
	require.False(t, due(state{}, cfg.Retention, cfg.Retention), "the vendor deletes its documents")
}

// TestPassesAreBounded: whatever the vendor answers.
func TestPassesAreBounded(t *testing.T) {
	cfg := NewDefaultConfig()
	cfg.Retention = 72 * time.Hour
	verdicts := []record.Verdict{record.VerdictAgreed, record.VerdictShort, record.VerdictHidden, record.VerdictFewer, record.VerdictUnknown}
	rapid.Check(t, func(t *rapid.T) {
		answers := rapid.SliceOfN(rapid.SampledFrom(verdicts), 100, 100).Draw(t, "verdicts")
		counts := rapid.SliceOfN(rapid.Int64Range(0, 3), 100, 100).Draw(t, "counts")
		n := len(passes(&cfg, func(pass int64, _ time.Duration) statement {
			return statement{Verdict: answers[pass%100], VendorCount: counts[pass%100]}
		}))
		if planned := len(cfg.plan()); n < planned || n > planned*(1+maxRetries)+int(cfg.Retention/daily) {
			t.Fatalf("%d passes", n)
		}
	})
}

func TestHours(t *testing.T) {
	for _, at := range []time.Time{time.Unix(0, 0), time.Unix(-1, 0), time.Date(2026, 3, 1, 23, 59, 59, 999e6, time.UTC)} {
		h := HourOf(at)
		require.False(t, at.Before(h.Start()))
		require.True(t, at.Before(h.End()))
		require.Equal(t, time.Hour, h.End().Sub(h.Start()))
	}
}
