package system

import "syscall"

// Yield lets others run who wait for the processor that the caller is on, also other
// programs. Linux would let the caller go on for milliseconds.
func Yield() { _, _, _ = syscall.Syscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }
