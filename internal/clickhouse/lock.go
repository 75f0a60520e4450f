package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// ErrDirectoryInUse is returned when another process owns the data directory.
var ErrDirectoryInUse = errors.New("the ClickHouse data directory is in use")

const pollInterval = 20 * time.Millisecond

// lockDirectory takes the lock of a data directory. The lock belongs to the open file,
// which every child inherits: so it is free only when the owner and its last child are
// both gone. A living owner is an error at once; a child that still shuts down after
// its owner was killed is waited for.
func lockDirectory(ctx context.Context, dir string, wait time.Duration, log *zap.Logger) (*os.File, error) {
	path := filepath.Join(dir, "lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the ClickHouse data directory: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for reported := false; ; reported = true {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return file, writeOwner(file)
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			_ = file.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		owner := readOwner(path)
		if owner == os.Getpid() || alive(owner) {
			_ = file.Close()
			return nil, fmt.Errorf("%w: %s belongs to the running process %d: stop it, or choose another directory", ErrDirectoryInUse, dir, owner)
		}
		if !reported {
			log.Info("Waiting for the ClickHouse of an earlier run to end", zap.String("directory", dir), zap.Int("owner_was", owner))
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, fmt.Errorf("%w: %s: the ClickHouse of process %d, which is gone, still holds it after %s", ErrDirectoryInUse, dir, owner, wait)
		case <-time.After(pollInterval):
		}
	}
}

func writeOwner(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	return err
}

func readOwner(path string) int {
	text, _ := os.ReadFile(path)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return pid
}

func alive(pid int) bool {
	return pid > 0 && !errors.Is(unix.Kill(pid, 0), unix.ESRCH)
}
