// Package pgcluster starts throwaway PostgreSQL servers for tests and
// benchmarks. A cluster belongs to the process that started it, listens on a
// Unix socket only, and works for root too, where PostgreSQL itself refuses to
// run. It imports no database driver, so anything may use it.
package pgcluster

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrMissing says that this machine has no PostgreSQL server that is new enough.
var ErrMissing = errors.New("PostgreSQL 15 or newer was not found in PATH or /usr/lib/postgresql/*/bin: " +
	"install the server package (Debian and Ubuntu: apt-get install postgresql; macOS: brew install postgresql)")

const (
	minMajor = 15
	// port only names the socket file, which lies in a directory of our own.
	port = "5432"
	// maxSocketDir keeps "<dir>/.s.PGSQL.5432" within the shortest socket path
	// limit, 104 bytes.
	maxSocketDir = 80
	basePattern  = "clientele-pg-"
	pollEvery    = 3 * time.Millisecond
	stopWithin   = 30 * time.Second
	killWithin   = 10 * time.Second
)

// Options change how a cluster is started; the zero value suits most tests.
type Options struct {
	// Dir is where the data directory is made; empty means the system's
	// temporary directory. Running as root, the server's user must be able to
	// reach it; temporary directories of our own are opened for that.
	Dir string
	// Durable turns fsync, synchronous_commit and full_page_writes on, for runs
	// that kill the server or measure it.
	Durable bool
	// Settings are server settings that win over this package's own.
	Settings map[string]string

	user string // tests choose the user that root starts the server as
}

// Cluster is one running (or killed) PostgreSQL server with its data.
type Cluster struct {
	bin     string
	base    string // socket and log
	data    string
	args    []string
	opts    Options
	cred    *credential
	unlock  func()
	mu      sync.Mutex // guards proc and removed
	proc    *process
	removed bool
}

// credential is the user a server runs as when we may not run it ourselves.
type credential struct {
	name     string
	uid, gid uint32
}

// process is one life of the postmaster.
type process struct {
	pid    int
	os     *os.Process
	exited chan struct{} // closed once waited for
	err    error         // readable after exited
}

// Start finds initdb and postgres, makes a data directory, starts the server
// and waits until it accepts connections. The context bounds the start only;
// call Stop to end the cluster. Should this process die without doing so, Linux
// tells the server to shut down; on other systems it would stay.
func Start(ctx context.Context, opts Options) (_ *Cluster, err error) {
	bin, err := findBin(ctx)
	if err != nil {
		return nil, err
	}
	cred, err := serverUser(opts.user)
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, cred: cred, unlock: func() {}}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.remove())
		}
	}()
	if err := c.makeDirs(opts.Dir); err != nil {
		return nil, err
	}
	if err := c.initdb(ctx); err != nil {
		return nil, err
	}
	c.args, c.opts = serverArgs(c.base, opts), opts
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// DSN returns a postgres:// URL for a database of the cluster. It names every
// setting that a PG* environment variable could otherwise change.
func (c *Cluster) DSN(database string) string {
	u := url.URL{
		Scheme: "postgres",
		User:   url.User("postgres"),
		Path:   "/" + database,
		RawQuery: url.Values{
			"host":    {c.base},
			"port":    {port},
			"sslmode": {"disable"},
		}.Encode(),
	}
	return u.String()
}

// Stop shuts the server down, cutting open connections, waits for its end and
// removes what Start made. Stopping twice, or after Kill, is fine.
func (c *Cluster) Stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.shutdown(), c.remove())
}

// Kill ends all processes of the server with SIGKILL, as a crash would, and
// returns once they are gone. The data stays for Restart.
func (c *Cluster) Kill() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kill()
}

// Abort shuts the server down in PostgreSQL's immediate mode: every session is
// cut at once, whatever it is doing, and the next start recovers from the log.
// The data stays for Restart.
func (c *Cluster) Abort() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.proc.running() {
		return nil
	}
	if err := c.proc.os.Signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return errors.Join(fmt.Errorf("abort PostgreSQL: %w", err), c.kill())
	}
	select {
	case <-c.proc.exited:
		return nil
	case <-time.After(stopWithin):
		return errors.Join(fmt.Errorf("abort PostgreSQL: still running after %v, killed", stopWithin), c.kill())
	}
}

// Restart starts the server again on the same data and address; a running
// server is shut down first.
func (c *Cluster) Restart(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.removed {
		return errors.New("restart PostgreSQL: the cluster was stopped and removed")
	}
	if err := c.shutdown(); err != nil {
		return err
	}
	return c.run(ctx)
}

// CPU returns the processor time that all processes of the server have taken
// since it was started, those included that have ended; zero where the system
// does not tell.
func (c *Cluster) CPU() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.proc.running() {
		return 0
	}
	return cpuTime(c.proc.pid)
}

// findBin returns the directory of a usable initdb and postgres: the one in
// PATH, which a developer chose, before the newest of Debian's.
func findBin(ctx context.Context) (string, error) {
	var dirs []string
	if p, err := exec.LookPath("postgres"); err == nil {
		// Some systems link single programs into PATH; the rest is beside them.
		if p, err := filepath.EvalSymlinks(p); err == nil {
			dirs = append(dirs, filepath.Dir(p))
		}
	}
	debian, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(debian, func(a, b string) int { return cmp.Compare(debianMajor(b), debianMajor(a)) })
	for _, dir := range append(dirs, debian...) {
		if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err != nil {
			continue
		}
		out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if err == nil && major(string(out)) >= minMajor {
			return dir, nil
		}
	}
	return "", ErrMissing
}

var versionRE = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// major reads "postgres (PostgreSQL) 15.18 (Debian ...)"; 0 when it cannot.
func major(version string) int {
	m := versionRE.FindStringSubmatch(version)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// debianMajor reads the version from /usr/lib/postgresql/15/bin.
func debianMajor(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}

// makeDirs makes the base directory and chooses the data directory, both
// reachable by and belonging to the server's user.
func (c *Cluster) makeDirs(dir string) error {
	parent := os.TempDir()
	if len(parent) > maxSocketDir-len(basePattern)-12 && runtime.GOOS != "windows" {
		parent = "/tmp"
	}
	sweep(parent)
	base, err := os.MkdirTemp(parent, basePattern)
	if err != nil {
		return err
	}
	c.base = base
	if c.unlock, err = lockDir(base); err != nil {
		return err
	}
	c.data = filepath.Join(base, "data")
	if dir != "" {
		if dir, err = filepath.Abs(dir); err != nil {
			return err
		}
		if c.data, err = os.MkdirTemp(dir, basePattern+"data-"); err != nil {
			return err
		}
	}
	if c.cred == nil {
		return nil
	}
	for _, d := range []string{filepath.Dir(c.base), filepath.Dir(c.data)} {
		if d == c.base {
			continue
		}
		if err := c.cred.openPath(d); err != nil {
			return err
		}
	}
	for _, d := range []string{c.base, c.data} {
		if err := os.Chown(d, int(c.cred.uid), int(c.cred.gid)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Standby starts a cluster that follows this one by streaming replication, with
// the same options and under the given name, which synchronous_standby_names
// may name. It lives until its own Stop.
func (c *Cluster) Standby(ctx context.Context, name string) (_ *Cluster, err error) {
	s := &Cluster{bin: c.bin, cred: c.cred, opts: c.opts, unlock: func() {}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.remove())
		}
	}()
	if err := s.makeDirs(c.opts.Dir); err != nil {
		return nil, err
	}
	s.args = serverArgs(s.base, s.opts)
	if err := s.Follow(ctx, c, name); err != nil {
		return nil, err
	}
	return s, nil
}

// Follow makes a cluster that does not run any more a standby of another one,
// at the address that it had: its data is replaced by a copy of the other's.
func (c *Cluster) Follow(ctx context.Context, primary *Cluster, name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.shutdown(); err != nil {
		return err
	}
	entries, err := os.ReadDir(c.data)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(c.data, e.Name())); err != nil {
			return err
		}
	}
	err = c.runTool(ctx, "pg_basebackup", "--pgdata="+c.data, "--host="+primary.base, "--port="+port, "--username=postgres",
		"--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync")
	if err != nil {
		return err
	}
	args := c.args
	defer func() { c.args = args }() // the name is this life's
	c.args = append(slices.Clone(args), "-c", "cluster_name="+name)
	return c.run(ctx)
}

// Promote makes a standby a primary and waits until it takes writes.
func (c *Cluster) Promote(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runTool(ctx, "pg_ctl", "promote", "--pgdata="+c.data, "--wait", "--silent")
}

// DSNs returns a URL that leads to whichever of the clusters takes writes.
func DSNs(database string, clusters ...*Cluster) string {
	var hosts, ports []string
	for _, c := range clusters {
		hosts, ports = append(hosts, c.base), append(ports, port)
	}
	u := url.URL{
		Scheme: "postgres",
		User:   url.User("postgres"),
		Path:   "/" + database,
		RawQuery: url.Values{
			"host":                 {strings.Join(hosts, ",")},
			"port":                 {strings.Join(ports, ",")},
			"sslmode":              {"disable"},
			"target_session_attrs": {"read-write"},
		}.Encode(),
	}
	return u.String()
}

// initdb makes the data directory. C collation orders bytes, the same on every
// machine and the same as SQLite. Nothing needs syncing yet: what Durable keeps
// is what clients write, and a killed process loses no file contents.
func (c *Cluster) initdb(ctx context.Context) error {
	args := []string{
		"--pgdata=" + c.data, "--username=postgres", "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions",
	}
	return c.runTool(ctx, "initdb", args...)
}

// runTool runs one of PostgreSQL's programs to its end, as the server's user.
func (c *Cluster) runTool(ctx context.Context, name string, args ...string) error {
	var out bytes.Buffer
	cmd := c.command(name, args)
	cmd.Stdout, cmd.Stderr = &out, &out
	p, err := start(cmd)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	select {
	case <-p.exited:
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("%s: %w", name, ctx.Err()), p.kill())
	}
	if p.err != nil {
		return fmt.Errorf("%s: %w\n%s", name, p.err, tail(out.Bytes()))
	}
	return nil
}

// serverArgs turns the settings into command-line arguments.
func serverArgs(socketDir string, opts Options) []string {
	durable := "off"
	if opts.Durable {
		durable = "on"
	}
	settings := map[string]string{
		"listen_addresses":        "",
		"unix_socket_directories": `"` + socketDir + `"`, // quoted: it is a list
		"port":                    port,
		"fsync":                   durable,
		"synchronous_commit":      durable,
		"full_page_writes":        durable,
		"shared_buffers":          "64MB",
		"max_connections":         "200",
		"autovacuum":              "on",
		"timezone":                "UTC",
		"log_timezone":            "UTC",
	}
	maps.Copy(settings, opts.Settings)
	var args []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}

// command prepares a PostgreSQL program. It gets an environment of its own, so
// that PG* variables, locale and time zone of the caller change nothing.
func (c *Cluster) command(name string, args []string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, name), args...)
	cmd.Dir = c.base
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = sysProcAttr(c.cred)
	return cmd
}

// run starts the postmaster and waits until it is ready.
func (c *Cluster) run(ctx context.Context) error {
	logPath := filepath.Join(c.base, "server.log")
	logFile, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer logFile.Close()
	cmd := c.command("postgres", append([]string{"-D", c.data}, c.args...))
	cmd.Stdout, cmd.Stderr = logFile, logFile
	p, err := start(cmd)
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	c.proc = p
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !c.ready() {
		select {
		case <-tick.C:
		case <-p.exited:
			log, _ := os.ReadFile(logPath)
			return fmt.Errorf("start PostgreSQL: server ended (%v)\n%s", p.err, tail(log))
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("start PostgreSQL: %w", ctx.Err()), c.kill())
		}
	}
	return nil
}

// ready looks where pg_ctl looks: postmaster.pid has the server's process on
// its first line and its state on the eighth. A file left by a killed server
// names another process.
func (c *Cluster) ready() bool {
	b, err := os.ReadFile(filepath.Join(c.data, "postmaster.pid"))
	if err != nil {
		return false
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) < 8 || strings.TrimSpace(lines[0]) != strconv.Itoa(c.proc.pid) {
		return false
	}
	state := strings.TrimSpace(lines[7])
	return state == "ready" || state == "standby"
}

// shutdown asks for a fast shutdown and kills a server that does not comply.
func (c *Cluster) shutdown() error {
	if !c.proc.running() {
		return nil
	}
	if err := c.proc.os.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return errors.Join(fmt.Errorf("stop PostgreSQL: %w", err), c.kill())
	}
	select {
	case <-c.proc.exited:
	case <-time.After(stopWithin):
		return errors.Join(fmt.Errorf("stop PostgreSQL: still running after %v, killed", stopWithin), c.kill())
	}
	if c.proc.err != nil {
		return fmt.Errorf("stop PostgreSQL: %w", c.proc.err)
	}
	return nil
}

func (c *Cluster) kill() error {
	if !c.proc.running() {
		return nil
	}
	if err := c.proc.kill(); err != nil {
		return fmt.Errorf("kill PostgreSQL: %w", err)
	}
	return nil
}

// remove deletes what makeDirs made.
func (c *Cluster) remove() error {
	if c.removed {
		return nil
	}
	c.removed = true
	var errs []error
	for _, d := range []string{c.data, c.base} {
		if d != "" {
			errs = append(errs, os.RemoveAll(d))
		}
	}
	c.unlock()
	return errors.Join(errs...)
}

// start runs a command whose life ends with this process. The parent-death
// signal is tied to the thread that started the child, not to the process, so
// one locked thread both starts the child and waits for it.
func start(cmd *exec.Cmd) (*process, error) {
	p := &process{exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.pid, p.os = cmd.Process.Pid, cmd.Process
		}
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// kill ends the process and everything below it. The processes below are not
// our children and lead sessions of their own, so they are listed first, while
// their parent is frozen and cannot fork more.
func (p *process) kill() error {
	deadline := time.Now().Add(killWithin)
	below := freezeAndList(p)
	if err := p.os.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	for _, pid := range below {
		if child, err := os.FindProcess(pid); err == nil {
			_ = child.Kill() // it may have gone already
		}
	}
	select {
	case <-p.exited:
	case <-time.After(killWithin):
		return fmt.Errorf("process %d outlived SIGKILL", p.pid)
	}
	for _, pid := range below {
		for alive(pid) {
			if time.Now().After(deadline) {
				return fmt.Errorf("process %d outlived SIGKILL", pid)
			}
			time.Sleep(pollEvery)
		}
	}
	return nil
}

// tail keeps the last lines of a log, enough to see why a server did not start.
func tail(log []byte) string {
	lines := strings.Split(strings.TrimSpace(string(log)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// Tool returns the path of a program that belongs to the servers which Start
// starts, such as pg_dump.
func Tool(name string) (string, error) {
	bin, err := findBin(context.Background())
	if err != nil {
		return "", err
	}
	return exec.LookPath(filepath.Join(bin, name))
}
