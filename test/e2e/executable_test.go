package e2e

import (
	"os"
	"syscall"
)

// writeExecutable is os.WriteFile for what this process executes afterwards. The
// system refuses to execute a file that somebody has open for writing, and a
// child that another test starts at that moment has it open from its fork until
// it runs its own program. So no child is forked meanwhile.
func writeExecutable(path string, text []byte, mode os.FileMode) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, text, mode)
}
