package provisioningparquetexporter

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/provtrail/provtrail/exporter/provisioningparquetexporter/internal/metadata"
)

func load(t *testing.T, name string) (*Config, error) {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := all.Sub(component.NewIDWithName(metadata.Type, name).String())
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	return cfg, confmap.Validate(cfg)
}

func TestDefaultsLoseNothing(t *testing.T) {
	cfg, err := load(t, "")
	require.NoError(t, err)
	require.Equal(t, "./data/archive", cfg.Directory)
	require.True(t, cfg.Sealing.Enabled)
	require.Empty(t, cfg.personalKeys(), "privacy is off")
	cfg.Privacy.Enabled = true
	require.Equal(t, "data/archive-personal-keys", cfg.personalKeys(), "beside the archive, not in it")
	require.Zero(t, cfg.Retention, "for ever")
	require.Equal(t, 7*24*time.Hour, cfg.RetentionNotice)
	require.Equal(t, "data/archive-signing-key.pem", cfg.signingKey(), "beside the archive, not in it")
	require.Zero(t, cfg.Retry.MaxElapsedTime, "retries have no limit")
	require.True(t, cfg.Queue.Get().BlockOnOverflow, "a full queue slows down, it does not drop")
	require.True(t, cfg.Queue.Get().Batch.HasValue())
}

func TestSettings(t *testing.T) {
	cfg, err := load(t, "all")
	require.NoError(t, err)
	require.Equal(t, "/var/lib/provtrail/archive", cfg.Directory)
	require.Equal(t, time.Minute, cfg.Retry.MaxInterval)
	require.Equal(t, 10*time.Minute, cfg.Sealing.Grace)
	require.Equal(t, "/etc/provtrail/archive.pem", cfg.signingKey())
	require.Equal(t, "/etc/provtrail/personal-keys", cfg.personalKeys())
	require.Equal(t, 365*24*time.Hour, cfg.Retention)
	march := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	require.Equal(t, []HoldConfig{{Tenant: "acme", From: march}, {To: march.AddDate(0, 1, 0)}}, cfg.LegalHolds)
	require.Equal(t, "file_storage", cfg.StorageID.String())
	require.Equal(t, "/mnt/witness/heads", cfg.Witness.File)
	require.Equal(t, 720*time.Hour, cfg.RetentionNotice)
	queue := cfg.Queue.Get()
	require.Equal(t, "file_storage", queue.StorageID.String())
	require.Equal(t, int64(1<<30), queue.QueueSize)
	require.Equal(t, 10*time.Second, queue.Batch.Get().FlushTimeout)
	require.Equal(t, int64(minBatchBytes), queue.Batch.Get().MinSize, "what is not written keeps its default")
	require.Equal(t, exporterhelper.RequestSizerTypeBytes, queue.Batch.Get().Sizer)
}

func TestABucketNeedsASpoolAndAKey(t *testing.T) {
	cfg, err := load(t, "bucket")
	require.NoError(t, err)
	require.Equal(t, "s3://bucket/folder?region=eu-west-1", cfg.Directory)
	require.Equal(t, "./data/archive-spool", cfg.Spool)
	_, err = load(t, "bucket_wrong")
	require.ErrorContains(t, err, "`spool`")
	require.ErrorContains(t, err, "`sealing.signing_key`")
	require.ErrorContains(t, err, "`privacy.keys`")
}

func TestValidateNamesEachSetting(t *testing.T) {
	_, err := load(t, "nowhere")
	for _, setting := range []string{"`directory`", "`sealing.grace`", "`retention`", "`retention_notice`", "`legal_holds[0]`"} {
		require.ErrorContains(t, err, setting)
	}
}
