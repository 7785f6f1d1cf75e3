package bench

import (
	"os"
	"syscall"
)

// sysProcAttr has the system end a child whose parent died without doing so.
func sysProcAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// peakOf returns how much memory a process that ended had at its peak, in bytes.
func peakOf(p *os.ProcessState) int64 {
	if u, ok := p.SysUsage().(*syscall.Rusage); ok {
		return u.Maxrss << 10
	}
	return 0
}
