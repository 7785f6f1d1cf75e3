package pgcluster

import (
	"os"
	"runtime"
	"testing"
	"time"
)

// Who starts a cluster for the life of its process may keep nothing but its
// address: the next start, of another process, must not take its files away.
func TestAForgottenLockHolds(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	dir, err := os.MkdirTemp(parent, basePattern)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockDir(dir); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(dir, old, old); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		runtime.GC()
		time.Sleep(10 * time.Millisecond) // finalizers run beside us
	}
	sweep(parent)
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("a directory in use was swept: %v", err)
	}
}
