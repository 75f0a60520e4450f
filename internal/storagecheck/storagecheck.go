// Package storagecheck is the file_storage extension, which looks at its files before
// anything opens them: of a damaged one its library says only "invalid database", or ends
// the process where it first reads what is not there.
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

// NewFactory is file_storage's.
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
				"put it back from a copy, or move it away and start again: it is %s", path, err, holds))
		}
	}
	if damaged != nil {
		return damaged
	}
	return c.Extension.Start(ctx, host)
}

// contents say what is lost with a file of a kind of component.
var contents = map[string]string{
	"receiver": "how far a feed has read, and is read again from its begin without it (what is known changes nothing); " +
		"of the webhook, triggers that were answered and not handed on yet",
	"processor": "the state of groups, which begin anew without it from what comes",
	"exporter":  "what waited to be sent, which is lost to that store without it: read the feeds again for it (see receiver)",
	"extension": "what an extension keeps",
	"connector": "what a connector keeps",
}

// check looks at what can be told without reading the whole file. A file that another
// process has open is not looked at.
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
			return fmt.Errorf("it has %d bytes and should have %d", info.Size(), tx.Size())
		}
		return nil
	})
}
