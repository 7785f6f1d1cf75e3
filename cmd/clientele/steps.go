package main

import (
	"fmt"
	"os"
	"time"
)

// steps tells how far something has come, at most once a second: in a line that is
// written anew where it is a terminal, else in one line after the other.
type steps struct {
	elapsed func() time.Duration
	out     *os.File
	last    time.Duration
	shown   bool
}

// due reports whether it is time to tell again.
func (s *steps) due(now time.Duration) bool {
	if now-s.last < time.Second {
		return false
	}
	s.last = now
	return true
}

func (s *steps) show(line string) {
	if s.due(s.elapsed()) {
		s.tell("", line)
	}
}

// tell writes a line, after a bar where it is a terminal.
func (s *steps) tell(bar, line string) {
	if info, err := s.out.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprint(s.out, "\r\033[K", bar, line)
		s.shown = true
		return
	}
	fmt.Fprintln(s.out, line)
}

func (s *steps) end() {
	if s.shown {
		fmt.Fprintln(s.out)
	}
}
