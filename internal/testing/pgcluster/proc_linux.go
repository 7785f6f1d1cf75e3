package pgcluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// serverUser returns whom to run the server as: nil for ourselves, and for root,
// whom PostgreSQL refuses, the first user that exists.
func serverUser(name string) (*credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	names := []string{"postgres", "nobody"}
	if name != "" {
		names = []string{name}
	}
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr != nil || gidErr != nil || uid == 0 {
			continue
		}
		return &credential{name: name, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("PostgreSQL does not run as root and none of the users %v exists: create one, or run as another user", names)
}

// openPath makes sure that the user can pass through dir and the directories
// above it. Go's tests make temporary directories that only their owner may
// enter, in $GOTMPDIR where that is set; search permission (not listing) is
// added to those, and only to those.
func (c *credential) openPath(dir string) error {
	temporary := func(d string) bool {
		for _, tmp := range []string{os.TempDir(), os.Getenv("GOTMPDIR")} {
			if tmp != "" && strings.HasPrefix(d, filepath.Clean(tmp)+"/") {
				return true
			}
		}
		return false
	}
	for d := dir; ; d = filepath.Dir(d) {
		info, err := os.Stat(d)
		if err != nil {
			return err
		}
		if mode := info.Mode().Perm(); !c.mayEnter(info) {
			if !temporary(d) {
				return fmt.Errorf("user %q, who runs PostgreSQL for root, cannot enter %s: use another directory, or chmod o+x this one", c.name, d)
			}
			if err := os.Chmod(d, mode|0o001); err != nil {
				return err
			}
		}
		if d == filepath.Dir(d) {
			return nil
		}
	}
}

// mayEnter reads the permission bits as the kernel does: the first class that
// matches decides.
func (c *credential) mayEnter(info fs.FileInfo) bool {
	mode := info.Mode().Perm()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		switch {
		case st.Uid == c.uid:
			return mode&0o100 != 0
		case st.Gid == c.gid:
			return mode&0o010 != 0
		}
	}
	return mode&0o001 != 0
}

// sysProcAttr makes a child that runs as the given user, hears of our death
// (SIGQUIT is PostgreSQL's immediate shutdown), and does not get the terminal's
// Ctrl-C, which would end the server under a test that is still cleaning up.
func sysProcAttr(cred *credential) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT, Setpgid: true}
	if cred != nil {
		attr.Credential = &syscall.Credential{Uid: cred.uid, Gid: cred.gid}
	}
	return attr
}

// freezeAndList stops the process and returns all processes below it.
func freezeAndList(p *process) []int {
	if p.os.Signal(syscall.SIGSTOP) != nil {
		return nil
	}
	for range 1000 {
		if _, state := procStat(p.pid); state == 'T' || state == 'Z' || state == 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	children := map[int][]int{}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			parent, _ := procStat(pid)
			children[parent] = append(children[parent], pid)
		}
	}
	var below []int
	for todo := []int{p.pid}; len(todo) > 0; todo = todo[1:] {
		below = append(below, children[todo[0]]...)
		todo = append(todo, children[todo[0]]...)
	}
	return below
}

// cpuTime returns what a process, the children that it has waited for and those
// that still run have taken.
func cpuTime(pid int) time.Duration {
	ticks := cpuTicks(pid, 4)
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if parent, _ := procStat(child); parent == pid {
			ticks += cpuTicks(child, 2)
		}
	}
	return time.Duration(ticks) * (time.Second / 100) // of USER_HZ
}

// cpuTicks returns the sum of a process's first n times: in user mode and in the
// system, and both of children that were waited for.
func cpuTicks(pid, n int) (sum int64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	for i := 11; i < 11+n && i < len(f); i++ {
		ticks, _ := strconv.ParseInt(f[i], 10, 64)
		sum += ticks
	}
	return sum
}

// alive reports whether a process still runs; a zombie, which may stay for good
// where nothing reaps orphans, holds no resources.
func alive(pid int) bool {
	_, state := procStat(pid)
	return state != 0 && state != 'Z' && state != 'X'
}

// procStat returns a process's parent and state, or zeros when it is gone.
func procStat(pid int) (parent int, state byte) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, 0
	}
	// "pid (name) state parent ...", and the name may hold anything.
	s := string(b)
	fields := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	if len(fields) < 2 {
		return 0, 0
	}
	parent, _ = strconv.Atoi(fields[1])
	return parent, fields[0][0]
}

// lockDir marks a directory as in use by a living process. It holds the lock
// with a bare descriptor: an os.File is closed by the garbage collector once
// nobody remembers it, and a cluster may be forgotten while it is in use.
func lockDir(dir string) (unlock func(), err error) {
	fd, err := syscall.Open(dir, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return func() {}, err
	}
	if err := syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return func() {}, errors.Join(err, syscall.Close(fd))
	}
	return sync.OnceFunc(func() { _ = syscall.Close(fd) }), nil
}

// sweep removes what processes that died without Stop have left behind.
func sweep(parent string) {
	old, _ := filepath.Glob(filepath.Join(parent, basePattern+"*"))
	for _, dir := range old {
		info, err := os.Lstat(dir)
		// A young one may be between its making and its locking.
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		unlock, err := lockDir(dir)
		if err == nil {
			_ = os.RemoveAll(dir) // what cannot be removed stays for the next sweep
		}
		unlock()
	}
}
