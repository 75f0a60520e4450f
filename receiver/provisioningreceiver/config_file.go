package provisioningreceiver

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// FileConfig is the section file.
type FileConfig struct {
	// Include lists files, globs (** for any depth) and directories (everything
	// below them).
	Include []string `mapstructure:"include"`

	// Exclude lists globs of files to leave out.
	Exclude []string `mapstructure:"exclude"`

	// StartAt is where a file that was there before the first start is begun:
	// beginning or end.
	StartAt string `mapstructure:"start_at"`

	// PollInterval is how often the files are looked at.
	PollInterval time.Duration `mapstructure:"poll_interval"`

	// MaxDocumentSize bounds one document, in bytes. A longer one goes to the
	// quarantine in pieces.
	MaxDocumentSize int `mapstructure:"max_document_size"`

	// IncompleteAfter is how long a document that is not finished at the end of a
	// file is waited for since the file last grew. Then it goes to the quarantine.
	IncompleteAfter time.Duration `mapstructure:"incomplete_after"`

	// FingerprintSize is how many of its first bytes identify a file, so that it
	// is known again when it was renamed. Files that begin with the same bytes
	// are one file.
	FingerprintSize int `mapstructure:"fingerprint_size"`

	// MaxConcurrentFiles bounds how many files are open at once.
	MaxConcurrentFiles int `mapstructure:"max_concurrent_files"`

	// Compression is empty, gzip, or auto (files whose content is gzip).
	Compression string `mapstructure:"compression"`

	_ struct{}
}

const (
	minDocumentSize = 1 << 10
	minFingerprint  = 16
)

// Validate names every setting that is wrong.
func (c *FileConfig) Validate() error {
	var errs error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = errors.Join(errs, fmt.Errorf(format, args...))
		}
	}
	check(len(c.Include) > 0, "include must name at least one file, glob or directory")
	for _, glob := range append(slices.Clone(c.Include), c.Exclude...) {
		check(doublestar.ValidatePathPattern(glob), "include or exclude: %q is not a valid glob", glob)
	}
	check(c.StartAt == "beginning" || c.StartAt == "end", "start_at is %q, want beginning or end", c.StartAt)
	check(c.PollInterval > 0, "poll_interval is %v, must be positive", c.PollInterval)
	check(c.MaxDocumentSize >= minDocumentSize, "max_document_size is %d bytes, must be at least %d", c.MaxDocumentSize, minDocumentSize)
	check(c.IncompleteAfter > 0, "incomplete_after is %v, must be positive", c.IncompleteAfter)
	check(c.FingerprintSize >= minFingerprint, "fingerprint_size is %d bytes, must be at least %d", c.FingerprintSize, minFingerprint)
	check(c.MaxConcurrentFiles >= 2, "max_concurrent_files is %d, must be at least 2", c.MaxConcurrentFiles)
	check(c.Compression == "" || c.Compression == "gzip" || c.Compression == "auto",
		"compression is %q, want gzip, auto or nothing", c.Compression)
	return errs
}

func defaultFileConfig() FileConfig {
	return FileConfig{
		StartAt:            "beginning",
		PollInterval:       time.Second,
		MaxDocumentSize:    16 << 20,
		IncompleteAfter:    time.Minute,
		FingerprintSize:    4 << 10,
		MaxConcurrentFiles: 32,
	}
}
