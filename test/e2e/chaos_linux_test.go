package e2e

import (
	"fmt"
	"os"
	"syscall"
	"testing"
)

// smallDisk is a file system of its own, in memory, whose size can be changed.
type smallDisk struct{ dir string }

// roomy is the size that a run does not reach.
const roomy = 4 << 30

// mountSmallDisk mounts one for the test, or returns nil where that is not
// allowed.
func mountSmallDisk(t *testing.T) *smallDisk {
	t.Helper()
	dir, err := os.MkdirTemp("", "clientele-disk-")
	if err != nil {
		t.Fatal(err)
	}
	d := &smallDisk{dir}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0755", roomy)); err != nil {
		t.Logf("no disk can be mounted: %v", err)
		_ = os.Remove(dir) // it is empty
		return nil
	}
	t.Cleanup(func() {
		// Whatever still has a file open keeps it until it ends.
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
		if err := os.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	return d
}

// fill leaves only so many bytes of room.
func (d *smallDisk) fill(room int64) error {
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.dir, &s); err != nil {
		return err
	}
	used := int64(s.Blocks-s.Bfree) * s.Bsize
	return d.resize(used + room)
}

func (d *smallDisk) free() error { return d.resize(roomy) }

func (d *smallDisk) resize(size int64) error {
	if err := syscall.Mount("tmpfs", d.dir, "tmpfs", syscall.MS_REMOUNT, fmt.Sprintf("size=%d", size)); err != nil {
		return fmt.Errorf("remount with %d bytes: %w", size, err)
	}
	return nil
}
