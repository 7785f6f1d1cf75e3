package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/sqldb/dbtest"
)

// otherEngine is the one that a database is not on.
func otherEngine(dsn string) sqldb.Engine {
	if strings.HasPrefix(dsn, "sqlite:") {
		return sqldb.Postgres
	}
	return sqldb.SQLite
}

// exported is a store as a bundle, which is in a file.
func exported(t *testing.T, dsn, store, file string) []byte {
	t.Helper()
	must(t, "export", "--hashes", "--overwrite", "--out", file, "--database", dsn, "--store", store)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// moveThere moves a store to the other engine and back, and expects the same bytes
// each time.
func moveThere(t *testing.T, dsn, store string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "0.bundle")
	first := exported(t, dsn, store, file)
	for i := 1; i <= 2; i++ {
		dsn = dbtest.MigratedDSN(t, otherEngine(dsn))
		must(t, "store", "create", "--database", dsn, "--name", "Moved", "--hash", "moved")
		must(t, "import", file, "--database", dsn, "--store", "moved")
		file = filepath.Join(dir, fmt.Sprint(i, ".bundle"))
		if again := exported(t, dsn, "moved", file); !bytes.Equal(first, again) {
			t.Errorf("after move %d the bytes differ: %d and %d", i, len(first), len(again))
		}
		must(t, "history", "verify", "--database", dsn, "--store", "moved")
	}
}

// manyCustomers is a file of them, as Shopify writes it.
func manyCustomers(t *testing.T, dir string, n int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("First Name,Last Name,Email,Company,Address1,Address2,City,Province,Province Code,Country,Country Code,Zip,Phone,Accepts Marketing,Total Spent,Total Orders,Tags,Note,Tax Exempt\n")
	for i := range n {
		fmt.Fprintf(&b, "C%d,\"Lee\n%d\",c%d@example.com,,%d Rd,,Austin,Texas,TX,United States,US,78701,,%s,0,0,tag %d,,no\n", i, i, i, i, []string{"yes", "no"}[i%2], i%5)
	}
	file := filepath.Join(dir, "customers.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// A store that arrives while the import is killed at any moment, and begun again
// each time, is the store that left. A killed export leaves no file with the name.
func TestKilledWhileMoving(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		dir, random := t.TempDir(), rand.New(rand.NewPCG(7, 7))
		must(t, "store", "create", "--database", dsn, "--hash", "left")
		must(t, "store", "create", "--database", dsn, "--hash", "arrives")
		must(t, "import", manyCustomers(t, dir, 6000), "--database", dsn, "--store", "left")
		killed := func(after time.Duration, args ...string) (*process, bool) {
			p := launch(t, dir, nil, program(t), args...)
			select {
			case <-time.After(after):
				p.kill()
				return p, true
			case <-p.exited:
				p.wait()
				return p, false
			}
		}
		out := filepath.Join(dir, "killed.bundle")
		kills, within := 0, 170*time.Millisecond
		for tries := 0; tries < 50 && kills < 10; tries++ {
			_, was := killed(time.Duration(random.Int64N(int64(within))), "export", "--overwrite", "--out", out, "--database", dsn, "--store", "left")
			if !was {
				within = within * 3 / 4 // it is faster than that
				continue
			}
			kills++
			if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
				// Of an export that ended, this one or an earlier one: the file is whole.
				must(t, "import", "--dry-run", out, "--database", dsn, "--store", "arrives")
			}
		}
		file := filepath.Join(dir, "left.bundle")
		first := exported(t, dsn, "left", file)
		other := filepath.Join(dir, "other.bundle")
		must(t, "export", "--out", other, "--database", dsn, "--store", "left")
		db := dbtest.OpenDSN(t, dsn)
		progress := func() (text string) {
			if err := db.Read(t.Context(), 0, func(tx *sqldb.Tx) error {
				return tx.Query(sqldb.Dynamic(`SELECT progress FROM bundle_loads WHERE store_id <> $1`), func(r *sqldb.Row) error { text = r.Text(0); return nil })
			}); err != nil {
				t.Fatal(err)
			}
			return text
		}
		loads, refused := 0, false
		for loads < 10 {
			// Killed at a moment after something has landed.
			before := progress()
			p := launch(t, dir, nil, program(t), "import", file, "--database", dsn, "--store", "arrives")
			ended := false
			for !ended && (progress() == before || before == "") {
				select {
				case <-p.exited:
					ended = true
				case <-time.After(time.Millisecond):
					if before == "" {
						before = progress()
					}
				}
			}
			time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
			select {
			case <-p.exited:
				ended = true
			default:
			}
			if ended {
				if p.wait(); p.code != 0 {
					t.Fatalf("after %d kills it exits with %d: %s", loads, p.code, p.errs.String())
				}
				break
			}
			p.kill()
			loads++
			if at := progress(); !refused && at != "" && at != "arrived" {
				refused = true
				if p := run(t, dir, nil, "import", other, "--database", dsn, "--store", "arrives"); p.code != 2 {
					t.Errorf("another bundle in the midst exits with %d: %s", p.code, p.errs.String())
				}
			}
		}
		must(t, "import", file, "--database", dsn, "--store", "arrives")
		if kills == 0 || loads == 0 || !refused {
			t.Errorf("%d exports and %d imports were killed, another bundle was refused: %v", kills, loads, refused)
		}
		if again := exported(t, dsn, "arrives", filepath.Join(dir, "again.bundle")); !bytes.Equal(first, again) {
			t.Errorf("after %d kills the bytes differ: %d and %d", loads, len(first), len(again))
		}
		if out := must(t, "import", file, "--database", dsn, "--store", "arrives"); !strings.Contains(out, "already there") {
			t.Errorf("the same bundle once more: %s", out)
		}
		if p := run(t, dir, nil, "import", other, "--database", dsn, "--store", "arrives"); p.code != 2 {
			t.Errorf("a store that is not empty exits with %d: %s", p.code, p.errs.String())
		}
		if again := exported(t, dsn, "arrives", filepath.Join(dir, "still.bundle")); !bytes.Equal(first, again) {
			t.Errorf("after imports that changed nothing the bytes differ: %d and %d", len(first), len(again))
		}
	})
}

// A server that is killed while it writes a file writes it anew when it is back, and
// gives no part of one away.
func TestKilledWhileExporting(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, dsn string) {
		dir, random := t.TempDir(), rand.New(rand.NewPCG(9, 9))
		seeded(t, dsn)
		must(t, "import", manyCustomers(t, dir, 6000), "--database", dsn, "--store", seedStore)
		token := banner(t, must(t, "api-account", "create", "--database", dsn, "--store", seedStore, "--name", "Mover", "--scopes", "store_clientele_transfer"), "Access token")
		s := serve(t, "--database", dsn)
		kills := 0
		for kills < 3 {
			c := newClient(t, s.url, seedStore, token)
			var asked struct{ Data struct{ ID int64 } }
			if err := json.Unmarshal(c.call(http.StatusAccepted, http.MethodPost, "/clientele/exports", map[string]any{"format": "csv"}), &asked); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(5+random.IntN(150)) * time.Millisecond)
			s.kill()
			kills++
			s.restart(t)
			c = newClient(t, s.url, seedStore, token)
			file := fmt.Sprintf("/clientele/exports/%d", asked.Data.ID)
			for end := time.Now().Add(90 * time.Second); ; time.Sleep(50 * time.Millisecond) {
				var e struct {
					Data struct {
						State string
						File  *struct{ SHA256 string }
					}
				}
				if err := json.Unmarshal(c.call(http.StatusOK, http.MethodGet, file, nil), &e); err != nil {
					t.Fatal(err)
				}
				if e.Data.State == "done" {
					text := c.call(http.StatusOK, http.MethodGet, file+"/file", nil)
					if sum := sha256.Sum256(text); bytes.Count(text, []byte("\n")) < 6001 || hex.EncodeToString(sum[:]) != e.Data.File.SHA256 {
						t.Errorf("%d bytes, %+v", len(text), e.Data.File)
					}
					break
				}
				if e.Data.State != "running" || time.Now().After(end) {
					t.Fatalf("%+v", e.Data)
				}
			}
		}
	})
}
