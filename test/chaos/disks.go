package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/provtrail/provtrail/internal/blackbox"
)

// disks are small file systems of the run's own, one each for state, queue, archive
// and ClickHouse, that can be filled, slowed down and broken. That takes root on Linux;
// elsewhere they are plain folders and faults of disks are not run.
type disks struct {
	dir    string
	cgroup string // empty: disks cannot be slowed down
	device map[string]string
	why    string // why they are plain folders; empty: they are not
}

var diskNames = []string{"state", "queue", "archive", clickHouse}

const (
	clickHouse  = "clickhouse"
	diskSize    = 256 << 20
	cgroups     = "/sys/fs/cgroup/blkio"
	writeLimits = "blkio.throttle.write_iops_device"
)

func openDisks(dir string) (*disks, error) {
	d := &disks{dir: dir, device: map[string]string{}}
	for _, name := range diskNames {
		if err := os.MkdirAll(d.path(name), 0o750); err != nil {
			return nil, err
		}
		if d.why != "" {
			continue
		}
		err := d.format(name)
		if err == nil {
			err = d.mount(name)
		}
		if err != nil {
			d.why = err.Error()
			d.unmount()
		}
	}
	if d.why == "" {
		group := filepath.Join(cgroups, "provtrail-chaos-"+strconv.Itoa(os.Getpid()))
		if os.Mkdir(group, 0o755) == nil {
			d.cgroup = group
		}
	}
	return d, nil
}

func (d *disks) path(name string) string {
	if name == clickHouse {
		return filepath.Join(d.dir, name, "store") // beside its lock, which stays
	}
	return filepath.Join(d.dir, name)
}

func (d *disks) image(name string) string { return filepath.Join(d.dir, name+".img") }

func (d *disks) format(name string) error {
	file, err := os.Create(d.image(name))
	if err != nil {
		return err
	}
	size := int64(diskSize)
	switch name {
	case clickHouse:
		size *= 8
	case "state":
		size *= 2 // five logs of 36 MiB before the first is used again
	}
	if err := errors.Join(file.Truncate(size), file.Close()); err != nil {
		return err
	}
	return command("mkfs.ext4", "-q", "-m", "0", d.image(name))
}

func (d *disks) mount(name string) error {
	if err := command("mount", "-o", "loop", d.image(name), d.path(name)); err != nil {
		return err
	}
	device, err := exec.Command("lsblk", "-rno", "MAJ:MIN,MOUNTPOINT").Output()
	for line := range strings.Lines(string(device)) {
		if number, at, _ := strings.Cut(strings.TrimSpace(line), " "); at == d.path(name) {
			d.device[name] = number
		}
	}
	return err
}

func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// fill takes all the space there is.
func (d *disks) fill(name string) error {
	file, err := os.Create(d.ballast(name))
	if err != nil {
		return err
	}
	defer file.Close()
	for size := 1 << 20; size > 0; {
		if _, err := file.Write(make([]byte, size)); err != nil {
			size /= 2 // to the last byte
		}
	}
	return nil
}

// free removes what fill wrote. The removal is synced: a power cut would bring the file
// back otherwise, and the disk would stay full for the rest of the run.
func (d *disks) free(name string) error {
	if err := os.Remove(d.ballast(name)); err != nil {
		return err
	}
	dir, err := os.Open(d.path(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (d *disks) ballast(name string) string { return filepath.Join(d.path(name), "ballast") }

// join puts a process under the limits of slow.
func (d *disks) join(pid int) {
	if d.cgroup != "" {
		_ = os.WriteFile(filepath.Join(d.cgroup, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o600)
	}
}

// slow lets each disk write so many times a second; 0: as it can.
func (d *disks) slow(writes int) {
	for _, device := range d.device {
		if d.cgroup != "" {
			_ = os.WriteFile(filepath.Join(d.cgroup, writeLimits), []byte(device+" "+strconv.Itoa(writes)), 0o600)
		}
	}
}

// freeze holds back every write to a disk, or lets them go on.
func (d *disks) freeze(name string, frozen bool) error {
	how := "--unfreeze"
	if frozen {
		how = "--freeze"
	}
	return command("fsfreeze", how, d.path(name))
}

// shut makes every access to a disk fail from now on. What was not synced is lost.
func (d *disks) shut(name string) error { return shutFileSystem(d.path(name)) }

// replace mounts a disk again, with what had reached it. Nobody may use it.
func (d *disks) replace(ctx context.Context, name string) error {
	err := blackbox.Await(ctx, time.Minute, func() error { return command("umount", d.path(name)) })
	if err != nil {
		return err
	}
	if err := d.mount(name); err != nil {
		return err
	}
	if err := d.free(name); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// can reports whether a fault of disks is possible here.
func (d *disks) can(kind string) bool { return d.why == "" && (kind != slowDisk || d.cgroup != "") }

func (d *disks) unmount() {
	for name := range d.device {
		_ = command("umount", d.path(name))
	}
	clear(d.device)
	if d.cgroup != "" {
		_ = os.Remove(d.cgroup)
	}
}
