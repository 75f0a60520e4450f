package provisioningparquetexporter

import (
	"cmp"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/provtrail/provtrail/archive"
	"github.com/provtrail/provtrail/internal/settings"
)

// Config of the exporter.
type Config struct {
	// Directory is the directory of the archive, or the URL of a bucket and a directory in
	// it: s3://bucket/directory, gs:// or azblob://.
	Directory string `mapstructure:"directory"`
	// Spool is a directory of this machine, for an archive in a bucket: where hours are
	// merged before they are stored, and the name of this writer.
	Spool string `mapstructure:"spool"`

	Sealing SealingConfig `mapstructure:"sealing"`
	// Privacy encrypts what is personal, so that people can be forgotten.
	Privacy PrivacyConfig `mapstructure:"privacy"`

	// Retention is how long files are kept after the end of their hour; zero is for
	// ever. Nothing is removed while sealing is off.
	Retention time.Duration `mapstructure:"retention"`
	// RetentionNotice is how long seals must have stated a shorter retention than the one
	// in force before that retention is in force.
	RetentionNotice time.Duration `mapstructure:"retention_notice"`
	// LegalHolds keep files whatever the retention.
	LegalHolds []HoldConfig `mapstructure:"legal_holds"`

	// StorageID is a storage extension that remembers the newest seal, besides a file beside
	// the signing key.
	StorageID *component.ID `mapstructure:"storage"`
	// Witness is where each new head of the chain is recorded, if it is set.
	Witness WitnessConfig `mapstructure:"witness"`

	Retry configretry.BackOffConfig                                `mapstructure:"retry_on_failure"`
	Queue configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// SealingConfig says how hours that are over are made provable.
type SealingConfig struct {
	Enabled bool `mapstructure:"enabled"`
	// Grace is how long after its end an hour is sealed.
	Grace time.Duration `mapstructure:"grace"`
	// SigningKey is a PEM file with the Ed25519 key in use, and after it former keys.
	// Empty: the name of the directory with -signing-key.pem; for a bucket it must be set.
	// A key is created for a new archive; where the archive is sealed already and the file
	// is missing, the exporter does not start.
	SigningKey string `mapstructure:"signing_key"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// PrivacyConfig says how the personal columns are encrypted with a key for each person.
type PrivacyConfig struct {
	Enabled bool `mapstructure:"enabled"`
	// Keys is the key store, a file outside the archive. Empty: the name of the directory with
	// -personal-keys; for a bucket it must be set. It is created for an archive without
	// encrypted files; where it is missing otherwise, nothing is written.
	Keys string `mapstructure:"keys"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// WitnessConfig names a record of the heads of the chain outside the archive.
type WitnessConfig struct {
	// File is a file to which each new head is appended as a line, best on another machine.
	File string `mapstructure:"file"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// HoldConfig keeps the files of a tenant and period, or the hours in which a row names a
// person or a group.
type HoldConfig struct {
	Tenant   string    `mapstructure:"tenant"`   // empty: all
	Identity string    `mapstructure:"identity"` // id, name or account; empty: all
	Group    string    `mapstructure:"group"`    // id or number; empty: all
	From     time.Time `mapstructure:"from"`     // absent: from the beginning
	To       time.Time `mapstructure:"to"`       // absent: without end

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

// Validate names the setting that is wrong.
func (c *Config) Validate() error {
	var wrong settings.Problems
	wrong.If(c.Directory == "", "`directory` must name the directory or bucket of the archive")
	if archive.IsURL(c.Directory) {
		wrong.If(c.Spool == "", "`spool` must name a directory of this machine: `directory` is a bucket")
		wrong.If(c.Privacy.Enabled && c.Privacy.Keys == "", "`privacy.keys` must name a file of this machine: `directory` is a bucket, where the keys must not be")
		wrong.If(c.Sealing.Enabled && c.Sealing.SigningKey == "", "`sealing.signing_key` must name a file of this machine: `directory` is a bucket, where the key must not be")
	}
	wrong.If(c.Sealing.Grace < 0, "`sealing.grace` must not be negative, is %s", c.Sealing.Grace)
	wrong.If(c.Retention < 0, "`retention` must not be negative, is %s", c.Retention)
	wrong.If(c.RetentionNotice < 0, "`retention_notice` must not be negative, is %s", c.RetentionNotice)
	for i, h := range c.LegalHolds {
		wrong.If(!h.From.IsZero() && !h.To.IsZero() && !h.From.Before(h.To), "`legal_holds[%d]`: `from` must be before `to`", i)
	}
	return wrong.Err()
}

// signingKey is a file beside the archive and not in it, so that a copy of the archive
// does not contain the key.
func (c *Config) signingKey() string {
	if c.Sealing.SigningKey != "" {
		return c.Sealing.SigningKey
	}
	return archive.DefaultKeyFile(c.Directory)
}

// personalKeys is the key store of persons, empty where privacy is off.
func (c *Config) personalKeys() string {
	if !c.Privacy.Enabled {
		return ""
	}
	return cmp.Or(c.Privacy.Keys, archive.DefaultPersonalKeys(c.Directory))
}

const (
	defaultGrace           = 5 * time.Minute
	defaultRetentionNotice = 7 * 24 * time.Hour
)

// Batches are measured in bytes, so that large documents take no more memory. Few records
// make a file every few seconds, many make files of some megabytes; sealing an hour merges
// them.
const (
	queueBytes    = 256 << 20
	minBatchBytes = 16 << 20
	maxBatchBytes = 32 << 20
	flushTimeout  = 5 * time.Second
)

func createDefaultConfig() component.Config {
	batch := exporterhelper.NewDefaultBatchConfig()
	batch.Sizer = exporterhelper.RequestSizerTypeBytes
	batch.FlushTimeout, batch.MinSize, batch.MaxSize = flushTimeout, minBatchBytes, maxBatchBytes

	queue := exporterhelper.NewDefaultQueueConfig()
	queue.Sizer = exporterhelper.RequestSizerTypeBytes
	queue.QueueSize = queueBytes
	queue.NumConsumers = 2
	queue.BlockOnOverflow = true
	queue.Batch = configoptional.Some(batch)

	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval = time.Second
	retry.MaxInterval = 30 * time.Second
	retry.MaxElapsedTime = 0 // without limit: a full disk is no reason to drop

	return &Config{
		Directory:       "./data/archive",
		Spool:           "./data/archive-spool",
		Sealing:         SealingConfig{Enabled: true, Grace: defaultGrace},
		RetentionNotice: defaultRetentionNotice,
		Retry:           retry,
		Queue:           configoptional.Some(queue),
	}
}
