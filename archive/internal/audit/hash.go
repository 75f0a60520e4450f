package audit

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/provtrail/provtrail/archive/internal/blobstore"
	"github.com/provtrail/provtrail/archive/internal/chain"
)

// hash returns the SHA-256 of each file. Files are read in parallel.
func (v *verifier) hash(ctx context.Context, files []chain.SealedFile, total int64) ([]string, error) {
	digests := make([]string, len(files))
	var mu sync.Mutex // guards done and the calls of Progress
	var done int64
	progress := func(n int64) {
		mu.Lock()
		defer mu.Unlock()
		if done += n; v.opt.Progress != nil {
			v.opt.Progress(done, total)
		}
	}
	group, hashing := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range files {
		group.Go(func() (err error) {
			if err := hashing.Err(); err != nil {
				return err
			}
			digests[i], _, err = blobstore.Hash(hashing, v.store, f.Name, progress)
			return err
		})
	}
	return digests, errors.Join(group.Wait(), ctx.Err())
}
