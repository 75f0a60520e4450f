package provisioningreceiver

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// fileID is what stays when a file is renamed, and is another one for every file: the
// time of its birth too, because numbers of removed files are given again. It leaves
// the device out, whose number may be another one after each mount.
func fileID(path string) (string, error) {
	var s unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_INO|unix.STATX_BTIME, &s); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d-%d.%09d", s.Ino, s.Btime.Sec, s.Btime.Nsec), nil
}
