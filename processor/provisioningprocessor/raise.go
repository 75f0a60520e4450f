package provisioningprocessor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.uber.org/zap"

	"github.com/provtrail/provtrail/processor/provisioningprocessor/internal/store"
)

// RaiseEpoch makes the processor with the state in a directory emit versions of at least the
// epoch, so that they supersede states that were written elsewhere. The processor must not
// run. The error wraps fs.ErrNotExist where there is no state.
func RaiseEpoch(ctx context.Context, directory string, epoch uint32) (err error) {
	if _, err := os.Stat(directory); err != nil {
		return fmt.Errorf("the processor's state: %w", err)
	}
	s, err := store.Open(directory, 1<<20, zap.NewNop())
	if err != nil {
		return fmt.Errorf("the processor's state: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	b, err := s.Meta(ctx)
	if err != nil {
		return fmt.Errorf("the processor's state: %w", err)
	}
	if b == nil {
		return fmt.Errorf("the processor's state: %s holds none: %w", directory, fs.ErrNotExist)
	}
	m, err := decodeMeta(b)
	if err != nil {
		return fmt.Errorf("the processor's state: %w", err)
	}
	m.epoch = max(m.epoch, epoch)
	if err := s.Commit(ctx, &store.Batch{Meta: m.encode()}); err != nil {
		return fmt.Errorf("write the processor's state: %w", err)
	}
	return s.Flush(ctx)
}
