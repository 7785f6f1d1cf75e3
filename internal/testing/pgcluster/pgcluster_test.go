package pgcluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// helperEnv makes the test binary play the owner of a cluster.
const helperEnv = "PGCLUSTER_TEST_OWNER"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) != "" {
		c, err := Start(context.Background(), Options{})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(c.proc.pid, c.base)
		select {}
	}
	os.Exit(m.Run())
}

// startCluster starts a cluster that lives no longer than the test. Without
// PostgreSQL the test is skipped, save in CI, which must have it.
func startCluster(t *testing.T, opts Options) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), opts)
	if errors.Is(err, ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func exe(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func query(t *testing.T, conn *pgx.Conn, sql string) string {
	t.Helper()
	var s string
	if err := conn.QueryRow(t.Context(), sql).Scan(&s); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return s
}

func gone(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there (%v)", path, err)
	}
}

func TestKillAndRestart(t *testing.T) {
	t.Parallel()
	began := time.Now()
	c := startCluster(t, Options{Durable: true})
	t.Logf("started in %v", time.Since(began))

	conn := connect(t, c.DSN("postgres"))
	exe(t, conn, "CREATE TABLE notes (body TEXT NOT NULL)")
	exe(t, conn, "INSERT INTO notes VALUES ($1)", "committed")
	exe(t, conn, "BEGIN")
	exe(t, conn, "INSERT INTO notes VALUES ('open')")
	backend := conn.PgConn().PID()

	began = time.Now()
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	t.Logf("killed in %v", time.Since(began))
	if alive(int(backend)) {
		t.Error("a backend outlived Kill")
	}
	if conn, err := pgx.Connect(t.Context(), c.DSN("postgres")); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a killed cluster took a connection")
	}

	began = time.Now()
	if err := c.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("restarted in %v", time.Since(began))
	conn = connect(t, c.DSN("postgres"))
	if got := query(t, conn, "SELECT string_agg(body, ',') FROM notes"); got != "committed" {
		t.Errorf("after the crash the table holds %q", got)
	}

	// The open connection must not delay the stop.
	began = time.Now()
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	t.Logf("stopped in %v", time.Since(began))
	gone(t, c.base)
	if err := c.Restart(t.Context()); err == nil {
		t.Error("a removed cluster restarted")
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startCluster(t, Options{
		Dir:      dir,
		Settings: map[string]string{"max_connections": "20", "application_name": "it's \"quoted\""},
		user:     "nobody", // counts for root only
	})
	conn := connect(t, c.DSN("postgres"))
	for name, want := range map[string]string{
		"max_connections":    "20",
		"application_name":   "it's \"quoted\"",
		"shared_buffers":     "64MB",
		"fsync":              "off",
		"synchronous_commit": "off",
		"listen_addresses":   "",
		"autovacuum":         "on",
		"server_encoding":    "UTF8",
		"TimeZone":           "UTC",
		"data_directory":     c.data,
	} {
		if got := query(t, conn, "SHOW "+name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := query(t, conn, "SELECT datcollate FROM pg_database WHERE datname = 'postgres'"); got != "C" {
		t.Errorf("collation is %q", got)
	}
	if filepath.Dir(c.data) != dir {
		t.Errorf("data lies in %s, not below %s", c.data, dir)
	}

	const odd = "odd/name ?ö"
	exe(t, conn, "CREATE DATABASE "+pgx.Identifier{odd}.Sanitize())
	if got := query(t, connect(t, c.DSN(odd)), "SELECT current_database()::text"); got != odd {
		t.Errorf("connected to %q, want %q", got, odd)
	}

	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("Stop left %v (%v)", left, err)
	}
}

func TestStartFailures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := Start(t.Context(), Options{Dir: dir, Settings: map[string]string{"no_such_setting": "1"}})
	if errors.Is(err, ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("the error does not show the server's log: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Start(ctx, Options{Dir: dir}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the deadline: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("failed starts left %v (%v)", left, err)
	}
}

// A test process that is killed cannot stop its cluster.
func TestServerDiesWithOwner(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can tie a child's life to its parent's")
	}
	if _, err := findBin(t.Context()); errors.Is(err, ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), helperEnv+"=1")
	owner.Stderr = os.Stderr
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	var base string
	if _, err := fmt.Sscan(line, &pid, &base); err != nil {
		t.Fatal(err)
	}
	if !alive(pid) {
		t.Fatal("the server is not running")
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait() // "signal: killed"
	for deadline := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(pollEvery) {
		if time.Now().After(deadline) {
			t.Fatal("the server outlived its owner")
		}
	}

	// The next start sweeps the orphaned directory, unless it is too young.
	parent := filepath.Dir(base)
	sweep(parent)
	if _, err := os.Stat(base); err != nil {
		t.Fatalf("a young directory was swept: %v", err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(base, old, old); err != nil {
		t.Fatal(err)
	}
	unlock, err := lockDir(base)
	if err != nil {
		t.Fatal(err)
	}
	sweep(parent)
	if _, err := os.Stat(base); err != nil {
		t.Fatalf("a locked directory was swept: %v", err)
	}
	unlock()
	sweep(parent)
	gone(t, base)
}

func TestMajor(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)": 15,
		"postgres (PostgreSQL) 18beta1":                        18,
		"postgres (PostgreSQL) 9.6.24":                         9,
		"something else":                                       0,
	} {
		if got := major(version); got != want {
			t.Errorf("%q: major %d, want %d", version, got, want)
		}
	}
	if got := debianMajor("/usr/lib/postgresql/9.6/bin"); got != 0 {
		t.Errorf("9.6 must sort last, got %d", got)
	}
}
