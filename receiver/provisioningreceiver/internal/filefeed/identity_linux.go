package filefeed

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// identity stays when a file is renamed, and differs between files: it has the time of the
// file's creation, because inode numbers of removed files are used once more. It leaves
// out the device, whose number may change with each mount.
func identity(f *os.File, _ string) (string, error) {
	var s unix.Statx_t
	if err := unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_INO|unix.STATX_BTIME, &s); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d-%d.%09d", s.Ino, s.Btime.Sec, s.Btime.Nsec), nil
}
