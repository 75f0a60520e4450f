package reconcile

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/provtrail/provtrail/provisioning"
	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver/internal/metadata"
)

// TestStatements: a statement is emitted where it is new, before the pass is stored, and a
// vendor that neither counts nor lists is stated as such.
func TestStatements(t *testing.T) {
	m := newMemory()
	d := open(t, m)
	require.NoError(t, d.Begin(t.Context(), "events", base.Start()))
	require.NoError(t, d.Add(t.Context(), []Document{{base, 7, Observed(true)}}))
	metrics, err := metadata.NewTelemetryBuilder(componenttest.NewNopTelemetrySettings())
	require.NoError(t, err)
	now := base.End().Add(time.Hour)
	refused := errors.New("status 501")
	v := &capped{limit: 10, documents: []time.Time{base.Start()}, err: func(time.Time, time.Time) error { return refused }}
	var statements []record.Reconciliation
	var failing error
	core, logs := observer.New(zap.InfoLevel)
	cfg := NewDefaultConfig()
	r := New(Settings{
		Config: &cfg, Tenant: "acme", Feed: provisioning.FeedEvents, Vendor: v, Delivered: d, Logger: zap.New(core), Metrics: metrics, CountLimit: 10,
		Now: func() time.Time { return now }, Clock: func() time.Time { return now }, ReadUntil: func() time.Time { return base.End().Add(30 * time.Minute) },
		Emit: func(_ context.Context, s *record.Reconciliation) error {
			if failing == nil {
				statements = append(statements, *s)
			}
			return failing
		},
	})
	step := func() {
		t.Helper()
		found, err := r.step(t.Context())
		require.NoError(t, err)
		require.True(t, found)
	}
	failing = errors.New("shutting down")
	_, err = r.step(t.Context())
	require.ErrorIs(t, err, failing)
	require.Empty(t, open(t, m).states, "not done")
	failing = nil

	step()
	require.Len(t, statements, 1)
	require.Equal(t, record.VerdictUnknown, statements[0].Verdict)
	require.Equal(t, "no count: status 501; no list: no list", statements[0].Reason)
	require.EqualValues(t, 1, statements[0].Observed)
	require.Zero(t, statements[0].VendorCount)
	require.Empty(t, statements[0].Method)
	found, err := r.step(t.Context())
	require.NoError(t, err)
	require.False(t, found)

	now = now.Add(15 * time.Minute)
	step()
	require.Len(t, statements, 1, "nothing new")
	require.Equal(t, 1, logs.FilterMessageSnippet("does not say").Len())

	v.err = nil
	now = now.Add(time.Hour)
	step()
	require.Len(t, statements, 2)
	require.Equal(t, record.VerdictAgreed, statements[1].Verdict)
	require.EqualValues(t, 3, statements[1].Pass)
	require.Greater(t, statements[1].ObservedAt, statements[0].ObservedAt)

	require.NoError(t, d.Add(t.Context(), []Document{{base, 8, Ignored("")}}))
	v.documents = append(v.documents, base.Start())
	now = now.Add(15 * time.Minute)
	step()
	require.Len(t, statements, 3, "documents were delivered since")
	require.EqualValues(t, 1, statements[2].Ignored)
	require.EqualValues(t, 2, statements[2].VendorCount)
	require.Equal(t, statements[1].Digest, statements[2].Digest)
}

// TestAWrongClockForgetsNothing: one answer with a date in the far future.
func TestAWrongClockForgetsNothing(t *testing.T) {
	d := open(t, newMemory())
	require.NoError(t, d.Begin(t.Context(), "a", base.Start()))
	require.NoError(t, d.Add(t.Context(), []Document{{base, 7, Observed(true)}}))
	cfg := NewDefaultConfig()
	now := base.End().Add(time.Hour)
	r := New(Settings{
		Config: &cfg, Delivered: d, Logger: zap.NewNop(), Clock: func() time.Time { return now },
		Now: func() time.Time { return now.AddDate(5, 0, 0) }, ReadUntil: func() time.Time { return now },
	})
	found, err := r.step(t.Context())
	require.NoError(t, err)
	require.False(t, found)
	s := summary(t, d, base)
	require.EqualValues(t, 1, s.Observed())
	require.Equal(t, base, d.first)
}
