//go:build !linux

package bench

import (
	"os"
	"syscall"
)

func sysProcAttr() *syscall.SysProcAttr { return nil }

func peakOf(*os.ProcessState) int64 { return 0 }
