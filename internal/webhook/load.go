package webhook

import (
	"sync/atomic"
	"time"
)

// load tells how busy the process is with what others wait for.
type load struct {
	events atomic.Int64 // commits with events
	idle   atomic.Bool
}

// pause is how long to wait before the next look for work.
func (l *load) pause(least time.Duration) time.Duration { return least }

// admit reports whether new events are to be delivered now.
func (l *load) admit(behind int64) bool { return true }
