package main

import (
	"os"
	"strconv"
	"syscall"
)

// behindOthers lets other processes of the machine go first, above all a server
// on the same database. Alone, this one still has all of the machine. Linux keeps
// a priority for each thread, and a new thread takes that of the one that makes
// it.
func behindOthers() {
	const nice = 10 // a ninth of what an ordinary process gets where both want all
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return // it is a courtesy
	}
	for _, t := range threads {
		if id, err := strconv.Atoi(t.Name()); err == nil {
			_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, nice)
		}
	}
}
