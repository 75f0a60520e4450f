package clickhouse

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.uber.org/zap"
)

// dropEmptyDefinitions removes definitions of tables and views without a text: with one of them
// ClickHouse does not start. It does not sync a view that replaces another one, so that a full
// disk or a power cut can leave an empty file.
func (e *Engine) dropEmptyDefinitions() error {
	paths, err := filepath.Glob(filepath.Join(e.storePath(), "metadata", "*", "*.sql"))
	for _, path := range paths {
		info, statErr := os.Stat(path)
		if statErr != nil || info.Size() > 0 {
			err = errors.Join(err, statErr)
			continue
		}
		e.log.Error("a definition in ClickHouse's directory is empty, which a full disk or a power cut may leave; it was removed so that ClickHouse starts. "+
			"The exporter creates what is missing again; if it is a table, fill it with provtrail doctor --repair clickhouse",
			zap.String("file", path))
		err = errors.Join(err, os.Remove(path))
	}
	if err != nil {
		return fmt.Errorf("look for empty definitions of tables: %w", err)
	}
	return nil
}
