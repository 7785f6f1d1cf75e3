//go:build !linux

package system

import "runtime"

// Yield lets others run who wait for the processor that the caller is on.
func Yield() { runtime.Gosched() }
