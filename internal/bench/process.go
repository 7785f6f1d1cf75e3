package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// build makes the server's binary. It differs from a released one in the paths
// it has of source files, for the sake of which Go would compile everything anew.
func build(ctx context.Context, dir string) (string, error) {
	bin := filepath.Join(dir, "clientele")
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", bin, "clientele/cmd/clientele")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the server: %w\n%s", err, out)
	}
	return bin, nil
}

// child is a process that listens on a loopback port.
type child struct {
	addr  string
	ready time.Duration // from its start to its first answer of readiness
	// database is what a server was started on.
	database string
	proc     *os.Process
	exited   chan struct{}
	output   bytes.Buffer // readable after exited
}

const (
	readyWithin = 30 * time.Second
	endWithin   = 20 * time.Second
)

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// start runs a program, adds its address as --listen, and waits until it is
// ready. Its life ends with ours where the system can see to that.
func start(ctx context.Context, bin string, args ...string) (*child, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return startAt(ctx, addr, bin, args...)
}

// startAt is start at an address.
func startAt(ctx context.Context, addr, bin string, args ...string) (*child, error) {
	c := &child{addr: addr, exited: make(chan struct{})}
	cmd := exec.Command(bin, append(args, "--listen", addr)...)
	cmd.Stdout, cmd.Stderr = &c.output, &c.output
	cmd.SysProcAttr = sysProcAttr()
	cmd.Env = environment()
	started := make(chan error)
	begin := time.Now()
	go func() {
		// The signal at our death is tied to the thread that starts the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		c.proc = cmd.Process
		started <- err
		if err == nil {
			_ = cmd.Wait() // whoever waits for exited reads the output
			close(c.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	for {
		if answersReady(addr) {
			c.ready = time.Since(begin)
			return c, nil
		}
		select {
		case <-c.exited:
			return nil, fmt.Errorf("%s ended at its start:\n%s", filepath.Base(bin), c.output.String())
		case <-ctx.Done():
			c.stop()
			return nil, context.Cause(ctx)
		case <-time.After(200 * time.Microsecond):
		}
		if time.Since(begin) > readyWithin {
			c.stop()
			return nil, fmt.Errorf("%s was not ready within %s:\n%s", filepath.Base(bin), readyWithin, c.output.String())
		}
	}
}

func probe(b []byte) []byte { return append(b, "GET /readyz HTTP/1.0\r\n\r\n"...) }

func answersReady(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return false
	}
	if _, err := conn.Write(probe(nil)); err != nil {
		return false
	}
	var head [12]byte
	n, err := conn.Read(head[:])
	return err == nil && n == len(head) && string(head[9:]) == "200"
}

// environment keeps settings of the server that the user may have out of the
// measurement.
func environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "CLIENTELE_") && !strings.HasPrefix(v, "PG") {
			env = append(env, v)
		}
	}
	return env
}

// stop ends the process and waits for that. It may be called twice.
func (c *child) stop() {
	if err := c.proc.Signal(syscall.SIGTERM); errors.Is(err, os.ErrProcessDone) {
		<-c.exited
		return
	}
	select {
	case <-c.exited:
	case <-time.After(endWithin):
		_ = c.proc.Kill() // it may have ended just now
		<-c.exited
	}
}

// kill ends the process without a word.
func (c *child) kill() {
	_ = c.proc.Kill() // it may have ended just now
	<-c.exited
}

// memory returns the resident set now and at its highest, in bytes; zero
// where the system does not tell.
func (c *child) memory() (now, peak int64) {
	return c.status("VmRSS:"), c.status("VmHWM:")
}

// status returns a line of what the system tells about memory, in bytes.
func (c *child) status(name string) int64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(c.proc.Pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if f := strings.Fields(line); len(f) == 3 && f[0] == name && f[2] == "kB" {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n << 10
		}
	}
	return 0
}

// anonymous returns the memory that is the process's own and no file's; zero
// where the system does not tell.
func (c *child) anonymous() int64 { return c.status("RssAnon:") }

// cpu returns the processor time that the process has taken; zero where the
// system does not tell.
func (c *child) cpu() time.Duration {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(c.proc.Pid) + "/stat")
	if err != nil {
		return 0
	}
	// The second field, the name, may hold spaces.
	f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * (time.Second / 100) // of USER_HZ
}
