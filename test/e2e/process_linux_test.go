package e2e

import "syscall"

// childAttr makes a child end with the thread that started it, so that no
// server outlives a test run that is killed.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
