//go:build unix

package sqldb

import (
	"io/fs"
	"os"
	"syscall"
)

// fileModes tells that the modes of files mean something.
const fileModes = true

// owned reports whether a file belongs to the user of this process.
func owned(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}
