package e2e

import (
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"clientele/internal/system/systemtest"
)

// patience bounds every wait; it is far beyond what a working program needs.
const patience = 60 * time.Second

// process is one run of a program.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	out    systemtest.Text
	errs   systemtest.Text
	exited chan struct{} // closed once the process is gone
	code   int           // -1 when a signal ended it; readable after exited
}

// environment is ours without what would configure the program.
func environment(extra ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "CLIENTELE_") || strings.HasPrefix(kv, "PG")
	})
	return append(append(env, "NO_PROXY=*", "no_proxy=*"), extra...)
}

// launch starts a program that ends with the test.
func launch(t testing.TB, dir string, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(name, args...), exited: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = dir, environment(env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.errs
	p.cmd.SysProcAttr = childAttr()
	p.cmd.WaitDelay = patience / 4 // for a grandchild that keeps the pipes open
	started := make(chan error)
	go func() {
		// The child's life is tied to this thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = p.cmd.Wait() // the exit code tells
		p.code = p.cmd.ProcessState.ExitCode()
		close(p.exited)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s %q printed:\n%s%s", name, args, p.out.String(), p.errs.String())
		}
	})
	return p
}

// run runs the program to its end.
func run(t testing.TB, dir string, env []string, args ...string) *process {
	t.Helper()
	p := launch(t, dir, env, program(t), args...)
	p.wait()
	return p
}

// must runs the program, which must succeed, and returns what it prints.
func must(t testing.TB, args ...string) string {
	t.Helper()
	p := run(t, t.TempDir(), nil, args...)
	if p.code != 0 {
		t.Fatalf("%q exits with %d: %s", args, p.code, p.errs.String())
	}
	return p.out.String()
}

// wait waits for the end of the process.
func (p *process) wait() {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.kill()
		p.t.Fatalf("%q did not end; it printed:\n%s%s", p.cmd.Args, p.out.String(), p.errs.String())
	}
}

// kill ends the process as a crash would.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.exited
}

func (p *process) signal(s syscall.Signal) {
	_ = p.cmd.Process.Signal(s) // it may have ended
}

// await waits until the process has printed what re matches, and returns the
// submatches.
func (p *process) await(o *systemtest.Text, re *regexp.Regexp) []string {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		ended := false
		select {
		case <-p.exited:
			ended = true
		default:
		}
		if m := re.FindStringSubmatch(o.String()); m != nil {
			return m
		}
		if ended || time.Now().After(deadline) {
			p.t.Fatalf("%q (ended: %v) did not print %s but:\n%s%s", p.cmd.Args, ended, re, p.out.String(), p.errs.String())
		}
	}
}
