package clickhouse

import (
	"errors"
	"fmt"
	"io/fs"
	"unsafe"

	"golang.org/x/sys/unix"
)

// minLandlock is the first Landlock ABI (Linux 5.19) that lets a process rename files
// from one directory to another.
const minLandlock = 2

const (
	mayRead  = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	mayWrite = mayRead | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK | unix.LANDLOCK_ACCESS_FS_MAKE_SYM | unix.LANDLOCK_ACCESS_FS_REFER
	// The rights that a rule for a file, rather than a directory, may name.
	ofFiles = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
)

// systemFiles are what the loader, the C library and the engine read of the machine. None
// is secret: Landlock also keeps a process from what another one shows in /proc to its
// debuggers only, such as its environment.
var systemFiles = []string{
	"/bin", "/lib", "/lib64", "/usr/bin", "/usr/lib", "/usr/lib64", "/nix/store", "/etc/ld.so.cache",
	"/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo", "/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf",
	"/proc", "/sys/devices/system", "/sys/fs/cgroup", "/dev/urandom", "/dev/random", "/dev/zero",
}

func landlockABI() int {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(abi)
}

// canConfine says whether [confine] works on this machine.
func canConfine() bool { return landlockABI() >= minLandlock }

// confine takes from the calling thread, and from the program it executes next, every file
// but those below readable, writable and [systemFiles]. A path that is not there is left out.
func confine(readable, writable []string) error {
	handled := uint64(mayWrite)
	if landlockABI() >= 3 {
		handled |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: handled}
	ruleset, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr.Handled_access_fs), 0)
	if errno != 0 {
		return fmt.Errorf("confine ClickHouse to its files: create the rules: %w", errno)
	}
	defer unix.Close(int(ruleset))
	for _, path := range append(readable, systemFiles...) {
		if err := allow(int(ruleset), path, mayRead); err != nil {
			return err
		}
	}
	for _, path := range append(writable, "/dev/null") {
		if err := allow(int(ruleset), path, handled); err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("confine ClickHouse to its files: give up new privileges: %w", err)
	}
	dropCapabilities()
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0, 0); errno != 0 {
		return fmt.Errorf("confine ClickHouse to its files: apply the rules: %w", errno)
	}
	return nil
}

// dropCapabilities takes from the programs that root executes all it is more than the owner
// of files: CAP_PERFMON would show them the environment of every process.
func dropCapabilities() {
	for capability := uintptr(0); ; capability++ {
		switch capability {
		case unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH, unix.CAP_FOWNER, unix.CAP_CHOWN:
			continue
		}
		if unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0) != nil {
			return // the last one, or not root
		}
	}
}

func allow(ruleset int, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("confine ClickHouse to its files: open %s: %w", path, err)
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return fmt.Errorf("confine ClickHouse to its files: look at %s: %w", path, err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= ofFiles
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("confine ClickHouse to its files: add a rule for %s: %w", path, errno)
	}
	return nil
}
