package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/jackc/pgx/v5"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// unready wants a server to notice that it cannot write, and that it can
// again. Asking is not what makes it look: it does not write then.
func unready(t *testing.T, s *server, breaks, mends func()) {
	t.Helper()
	c := s.client()
	c.awaitReady(http.StatusOK)
	c.create("before@example.com")
	breaks()
	s.await(&s.errs, regexp.MustCompile("writing to the database fails"))
	c.awaitReady(http.StatusServiceUnavailable)
	if status, answer, err := c.send("POST", "/customers", []map[string]string{{"email": "during@example.com", "first_name": "A", "last_name": "B"}}); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("a create is answered %d %s, %v", status, answer, err)
	}
	if n := len(list[customer](c, "/customers?email:in=before@example.com").Data); n != 1 {
		t.Errorf("a read finds %d customers", n)
	}
	mends()
	s.await(&s.errs, regexp.MustCompile("writing to the database works again"))
	c.awaitReady(http.StatusOK)
	c.create("after@example.com")
	s.stop()
}

func TestNotReadyOnAFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Skip("mounting is not allowed: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	dsn := "sqlite:" + filepath.Join(dir, "clientele.db")
	seeded(t, dsn)
	s := serve(t, "--database", dsn)
	filler := filepath.Join(dir, "filler")
	unready(t, s, func() {
		f, err := os.Create(filler)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for {
			if _, err := f.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	}, func() {
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	})
}

// limitFiles bounds the size of the files that a process writes.
func limitFiles(t *testing.T, pid int, size uint64) {
	t.Helper()
	limit := syscall.Rlimit{Cur: size, Max: ^uint64(0)}
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_FSIZE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0); errno != 0 {
		t.Fatal(errno)
	}
}

func TestNotReadyWhenFilesCannotGrow(t *testing.T) {
	t.Parallel()
	dsn := dbtest.MigratedDSN(t, sqldb.SQLite)
	seeded(t, dsn)
	s := serve(t, "--database", dsn)
	unready(t, s, func() { limitFiles(t, s.cmd.Process.Pid, 4096) }, func() { limitFiles(t, s.cmd.Process.Pid, ^uint64(0)) })
}

func TestNotReadyOnReadOnlyPostgres(t *testing.T) {
	t.Parallel()
	dsn := dbtest.MigratedDSN(t, sqldb.Postgres)
	seeded(t, dsn)
	s := serve(t, "--database", dsn)
	cfg, err := pgx.ParseConfig(strings.Replace(dsn, "&pool_max_conns=8", "", 1))
	if err != nil {
		t.Fatal(err)
	}
	name := cfg.Database
	cfg.Database = "postgres"
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	// As after a failover to a standby.
	set := func(mode string) func() {
		return func() {
			for _, sql := range []string{
				fmt.Sprintf("ALTER DATABASE %s SET default_transaction_read_only = %s", name, mode),
				fmt.Sprintf("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%s'", name),
			} {
				if _, err := conn.Exec(t.Context(), sql); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	unready(t, s, set("on"), set("off"))
}
