package bench

import "syscall"

// sysProcAttr has the system end a child whose parent died without doing so.
func sysProcAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
