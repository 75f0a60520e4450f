package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/provtrail/provtrail/provisioning/record"
	"github.com/provtrail/provtrail/receiver/provisioningreceiver"
)

// The receiver reads what was requeued, and the same texts requeued a second time too.
func TestRequeuedIsReadEachTime(t *testing.T) {
	dir, texts := quarantineArchive(t)
	into := t.TempDir()
	factory := provisioningreceiver.NewFactory()
	cfg := factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(map[string]any{
		"tenant": "acme",
		"file":   map[string]any{"include": []any{into + "/"}, "poll_interval": "10ms"},
	}).Unmarshal(cfg))
	sink := &consumertest.LogsSink{}
	rec, err := factory.CreateLogs(t.Context(), receivertest.NewNopSettings(factory.Type()), cfg, sink)
	require.NoError(t, err)
	require.NoError(t, rec.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, rec.Shutdown(context.WithoutCancel(t.Context()))) })

	for times := 1; times <= 2; times++ {
		_, err := runQuarantine("requeue", texts[0].EventID.String(), "--archive", dir, "--into", into)
		require.NoError(t, err)
		require.Eventually(t, func() bool { return len(readAgain(t, sink, texts[0].Original)) == times }, 20*time.Second, 10*time.Millisecond)
	}
	files := map[string]bool{}
	for _, q := range readAgain(t, sink, texts[0].Original) {
		files[q.File] = true
	}
	require.Len(t, files, 2, "still no group id: it is in the quarantine again, from where it was requeued")
}

func readAgain(t *testing.T, sink *consumertest.LogsSink, text string) (out []record.Quarantined) {
	for _, ld := range sink.AllLogs() {
		for lr := range record.All(ld) {
			var q record.Quarantined
			require.NoError(t, record.ReadQuarantined(lr, &q))
			if q.Original == text {
				out = append(out, q)
			}
		}
	}
	return out
}
