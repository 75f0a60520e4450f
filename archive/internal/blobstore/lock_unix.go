//go:build unix

package blobstore

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock keeps a second writer out. The kernel lets go of it when the process ends,
// however it ends.
func lock(path string) (release func() error, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err = fmt.Errorf("another process writes this archive (lock %s): give each writer a directory of its own: %w", path, err)
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}
