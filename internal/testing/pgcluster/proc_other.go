//go:build !linux

package pgcluster

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// Outside Linux a cluster runs as the caller and nothing ties its life to ours.

func serverUser(string) (*credential, error) {
	if os.Geteuid() == 0 {
		return nil, errors.New("PostgreSQL does not run as root: run the tests as another user")
	}
	return nil, nil
}

func (*credential) openPath(string) error { return nil }

func sysProcAttr(*credential) *syscall.SysProcAttr { return nil }

// freezeAndList lists nothing: a killed postmaster's children notice and leave.
func freezeAndList(*process) []int { return nil }

func alive(int) bool { return false }

func lockDir(string) (unlock func(), err error) { return func() {}, nil }

func sweep(string) {}

// cpuTime tells nothing.
func cpuTime(int) time.Duration { return 0 }
