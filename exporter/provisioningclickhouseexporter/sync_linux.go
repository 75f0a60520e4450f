package provisioningclickhouseexporter

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

const canSync = true

// syncFileSystem writes everything to the disk that the directory's file system holds in
// memory. It reports writes that failed since the directory was opened, from Linux 5.8 on.
func syncFileSystem(dir *os.File) error { return unix.Syncfs(int(dir.Fd())) }

func onSameFileSystem(a, b string) (bool, error) {
	var of [2]unix.Stat_t
	err := errors.Join(unix.Stat(a, &of[0]), unix.Stat(b, &of[1]))
	return of[0].Dev == of[1].Dev, err
}
