// Package storagecheck is the file_storage extension with a check of its files before they
// are opened. Without the check a damaged file gives the error "invalid database", or ends
// the process when a missing page is read.
package storagecheck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// NewFactory returns the factory of file_storage with the check.
func NewFactory() extension.Factory {
	inner := filestorage.NewFactory()
	return extension.NewFactory(inner.Type(), inner.CreateDefaultConfig,
		func(ctx context.Context, set extension.Settings, cfg component.Config) (extension.Extension, error) {
			e, err := inner.Create(ctx, set, cfg)
			if err != nil {
				return nil, err
			}
			return &checked{Extension: e.(storage.Extension), directory: cfg.(*filestorage.Config).Directory}, nil
		}, inner.Stability())
}

type checked struct {
	storage.Extension
	directory string
}

// Start fails if a file is damaged.
func (c *checked) Start(ctx context.Context, host component.Host) error {
	files, err := os.ReadDir(c.directory)
	if err != nil && !errors.Is(err, os.ErrNotExist) { // it may be created
		return err
	}
	var damaged error
	for _, file := range files {
		kind, _, _ := strings.Cut(file.Name(), "_")
		holds, known := contents[kind]
		if !known || !file.Type().IsRegular() {
			continue
		}
		path := filepath.Join(c.directory, file.Name())
		if err := check(path); err != nil {
			damaged = errors.Join(damaged, fmt.Errorf("the file %s is damaged, and nothing was changed: %w; "+
				"restore it from a copy, or move it away and start again; it holds %s", path, err, holds))
		}
	}
	if damaged != nil {
		return damaged
	}
	return c.Extension.Start(ctx, host)
}

// contents are what the file of a kind of component holds, and what happens without it.
var contents = map[string]string{
	"receiver": "the positions of the feeds, which are read again from their beginning without it (records that are stored already change nothing), " +
		"and the webhook's requests that were answered and not passed on yet, which are lost without it",
	"processor": "the state of the groups, which begins anew without it",
	"exporter":  "the records that were not sent yet, which that store lacks without it until the feeds are read again",
	"extension": "the state of an extension",
	"connector": "the state of a connector",
}

// check checks a file without reading all of it. A file that another process has open is
// not checked.
func check(path string) (err error) {
	info, err := os.Stat(path)
	if err != nil || info.Size() == 0 { // an empty one is new
		return err
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Millisecond})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return db.View(func(tx *bbolt.Tx) error {
		if tx.Size() > info.Size() {
			return fmt.Errorf("it has %d bytes instead of %d", info.Size(), tx.Size())
		}
		return nil
	})
}
