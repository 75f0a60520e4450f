package filefeed

import (
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/provtrail/provtrail/internal/sailpoint"
	"github.com/provtrail/provtrail/internal/settings"
)

// Config is the section file.
type Config struct {
	// Include lists files, globs (** for any depth) and directories (everything
	// below them).
	Include []string `mapstructure:"include"`

	// Exclude lists globs of files to leave out.
	Exclude []string `mapstructure:"exclude"`

	// StartAt is where a file that was there before the first start is begun:
	// beginning or end.
	StartAt string `mapstructure:"start_at"`

	// PollInterval is the time between two polls of the files that changed.
	PollInterval time.Duration `mapstructure:"poll_interval"`

	// SweepInterval is the time between two searches of all files, for changes that the
	// operating system did not notify.
	SweepInterval time.Duration `mapstructure:"sweep_interval"`

	// MaxDocumentSize bounds one document, in bytes. A longer one goes to the
	// quarantine in pieces.
	MaxDocumentSize int `mapstructure:"max_document_size"`

	// IncompleteTimeout is how long the rest of an unfinished document at the end of
	// a file is waited for since the file last changed. Then the document goes to the
	// quarantine.
	IncompleteTimeout time.Duration `mapstructure:"incomplete_timeout"`

	// FingerprintSize is how many bytes at the beginning of a file, and how many
	// before the position in it, are compared to recognise that the file was
	// overwritten.
	FingerprintSize int `mapstructure:"fingerprint_size"`

	// MaxConcurrentFiles bounds how many files are read at once.
	MaxConcurrentFiles int `mapstructure:"max_concurrent_files"`

	// Compression is empty, gzip, or auto (files whose content is gzip).
	Compression string `mapstructure:"compression"`

	// Columns says which field a column of a CSV export is, by the column's heading. The
	// vendor's own headings are known.
	Columns map[string]string `mapstructure:"columns"`

	_ struct{}
}

const (
	startAtBeginning = "beginning"
	startAtEnd       = "end"

	compressionGzip = "gzip"
	compressionAuto = "auto"

	minDocumentSize    = 1 << 10
	minFingerprintSize = 16
)

// NewDefaultConfig returns the default settings; include has none.
func NewDefaultConfig() Config {
	return Config{
		StartAt:            startAtBeginning,
		PollInterval:       2 * time.Second,
		SweepInterval:      30 * time.Second,
		MaxDocumentSize:    16 << 20,
		IncompleteTimeout:  time.Minute,
		FingerprintSize:    4 << 10,
		MaxConcurrentFiles: 32,
	}
}

// Validate names every setting that is wrong.
func (c *Config) Validate() error {
	var wrong settings.Problems
	wrong.Unless(len(c.Include) > 0, "include must name at least one file, glob or directory")
	for key, globs := range map[string][]string{"include": c.Include, "exclude": c.Exclude} {
		for i, glob := range globs {
			wrong.Unless(glob != "" && doublestar.ValidatePathPattern(glob),
				`%s[%d] is %q, which is not a glob: write a bracket, brace or star of a file's name with a backslash, e.g. \[`, key, i, glob)
		}
	}
	wrong.Unless(c.StartAt == startAtBeginning || c.StartAt == startAtEnd, "start_at is %q, want beginning or end", c.StartAt)
	wrong.Unless(c.PollInterval > 0, "poll_interval is %v, must be positive", c.PollInterval)
	wrong.Unless(c.SweepInterval > 0, "sweep_interval is %v, must be positive", c.SweepInterval)
	wrong.Unless(c.MaxDocumentSize >= minDocumentSize, "max_document_size is %d bytes, must be at least %d", c.MaxDocumentSize, minDocumentSize)
	wrong.Unless(c.IncompleteTimeout > 0, "incomplete_timeout is %v, must be positive", c.IncompleteTimeout)
	wrong.Unless(c.FingerprintSize >= minFingerprintSize, "fingerprint_size is %d bytes, must be at least %d", c.FingerprintSize, minFingerprintSize)
	wrong.Unless(c.MaxConcurrentFiles >= 1, "max_concurrent_files is %d, must be positive", c.MaxConcurrentFiles)
	wrong.Unless(c.Compression == "" || c.Compression == compressionGzip || c.Compression == compressionAuto,
		"compression is %q, want gzip, auto or nothing", c.Compression)
	for heading, field := range c.Columns {
		wrong.Unless(slices.Contains(sailpoint.CSVFields(), field), "columns: %q is %q, want one of %s", heading, field, strings.Join(sailpoint.CSVFields(), ", "))
	}
	return wrong.Err()
}
