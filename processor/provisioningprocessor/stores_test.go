package provisioningprocessor

import (
	"context"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/metadata"
	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/storetest"
	"github.com/provtrail/provtrail/provisioning"
)

// The stores of real runs: what they keep survives a processor that is not shut
// down, as far as one process can show.
func TestFileStorage(t *testing.T) {
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory, cfg.FSync = t.TempDir(), true
	testRealStore(t, func() (component.Host, func(*Config), func()) {
		extension, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
		require.NoError(t, err)
		require.NoError(t, extension.Start(t.Context(), componenttest.NewNopHost()))
		return storetest.Host{ID: storageID, Extension: extension}, func(c *Config) { c.Storage = &storageID },
			func() { require.NoError(t, extension.Shutdown(context.Background())) }
	})
}

func TestStateDirectory(t *testing.T) {
	directory := t.TempDir()
	testRealStore(t, func() (component.Host, func(*Config), func()) {
		return componenttest.NewNopHost(), func(c *Config) {
			c.State = configoptional.Some(StateConfig{Directory: directory, BlockCacheMiB: 1})
		}, func() {}
	})
}

func testRealStore(t *testing.T, environment func() (component.Host, func(*Config), func())) {
	var all []provisioning.Observation
	for i := range 120 {
		says := provisioning.Status(1 + i%6)
		group := []string{"g1", "g2", "g3", "g4"}[i%4]
		if i%5 == 0 {
			all = append(all, observe(group, says, pcommon.Timestamp(i), coarse))
		} else {
			all = append(all, observe(group, says, pcommon.Timestamp(i)))
		}
	}
	s := newSink()
	for from := 0; from < len(all); from += 20 {
		host, configure, end := environment()
		cfg := createDefaultConfig().(*Config)
		configure(cfg)
		f, err := newProcessor(processortest.NewNopSettings(metadata.Type), cfg, s)
		require.NoError(t, err)
		require.NoError(t, f.Start(t.Context(), host))
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(all[from:from+10])))
		// The second batch is told, and the processor dies before it is acknowledged.
		s.refusing(func(int) (before, after bool) { return false, true })
		require.ErrorIs(t, f.ConsumeLogs(t.Context(), logsOf(all[from+10:from+20])), errRefused)
		s.refusing(nil)
		kill(f)
		require.NoError(t, f.close(t.Context()))
		end()

		host, configure, end = environment()
		configure(cfg)
		f, err = newProcessor(processortest.NewNopSettings(metadata.Type), cfg, s)
		require.NoError(t, err)
		require.NoError(t, f.Start(t.Context(), host))
		require.NoError(t, f.ConsumeLogs(t.Context(), logsOf(all[from:from+20])))
		require.NoError(t, f.Shutdown(t.Context()))
		end()
	}
	check(t, s, all)
}

func TestTwoProcessorsDoNotShareADirectory(t *testing.T) {
	directory := t.TempDir()
	own := func(c *Config) { c.State = configoptional.Some(StateConfig{Directory: directory, BlockCacheMiB: 1}) }
	f := mustOpen(t, nil, newSink(), own)
	_, err := open(t, nil, newSink(), own)
	require.ErrorContains(t, err, "another processor, in this process or in another, has it open")
	require.NoError(t, f.Shutdown(t.Context()))
}
