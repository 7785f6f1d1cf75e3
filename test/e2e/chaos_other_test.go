//go:build !linux

package e2e

import (
	"errors"
	"testing"
)

// smallDisk is there on Linux alone.
type smallDisk struct{ dir string }

func mountSmallDisk(*testing.T) *smallDisk { return nil }

func (d *smallDisk) fill(int64) error { return errors.ErrUnsupported }

func (d *smallDisk) free() error { return errors.ErrUnsupported }
