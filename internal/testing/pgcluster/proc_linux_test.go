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

// The time of a session counts while it runs and after it has ended.
func TestProcessorTime(t *testing.T) {
	t.Parallel()
	c := startCluster(t, Options{})
	conn := connect(t, c.DSN("postgres"))
	before := c.CPU()
	if _, err := conn.Exec(t.Context(), "SELECT sum(length(md5(n::text))) FROM generate_series(1, 1000000) n"); err != nil {
		t.Fatal(err)
	}
	during := c.CPU()
	if during <= before {
		t.Errorf("%v after a second of work, %v before it", during, before)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for wait := 0; wait < 1000; wait++ {
		if after := c.CPU(); after >= during {
			return
		}
		time.Sleep(pollEvery)
	}
	t.Errorf("%v once the session has ended, %v before", c.CPU(), during)
}
