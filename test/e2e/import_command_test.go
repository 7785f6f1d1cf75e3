package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The exit codes of an import tell how it ended: 0 also where rows were rejected, 1 where
// it stopped at one, 2 where the file is none or another one than was begun. What was
// rejected is a file that nobody else can read, and that is imported as it is.
func TestImportCommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	dsn := "sqlite:" + filepath.Join(dir, "clientele.db")
	must(t, "migrate", "--database", dsn)
	must(t, "store", "create", "--database", dsn, "--name", "Shop", "--hash", "shop")
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	bring := func(code int, file string, more ...string) string {
		t.Helper()
		p := run(t, dir, nil, append([]string{"import", file, "--database", dsn, "--store", "shop"}, more...)...)
		if p.code != code {
			t.Errorf("%s %q exits with %d, want %d: %s%s", filepath.Base(file), more, p.code, code, p.out.String(), p.errs.String())
		}
		return p.out.String() + p.errs.String()
	}
	const head = "Email;Name;Store Credit\n"
	customers := write("customers.csv", head+"ann@example.com;\"Ann; Lee\";5\nbad;B;1\nbob@example.com;\"Bob\nLee\";x\ncy@example.com;Cy;2\n")
	if told := bring(0, customers, "--dry-run"); !strings.Contains(told, "Nothing was stored") {
		t.Error(told)
	}
	if told := bring(1, customers, "--on-error", "stop"); !strings.Contains(told, "stopped at a row") {
		t.Error(told)
	}
	bring(2, write("other.csv", head+"dan@example.com;Dan;1\n"), "--resume")
	bring(1, customers, "--resume") // at the next one
	bring(0, customers, "--resume")
	bring(2, customers, "--resume") // all of it was taken
	bring(0, customers)
	errors := filepath.Join(dir, "customers.errors.csv")
	info, err := os.Stat(errors)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	text, err := os.ReadFile(errors)
	if err != nil {
		t.Fatal(err)
	}
	if told := bring(0, errors); !strings.Contains(told, "Left behind: _line, _field, _code, _message\n") {
		t.Error(told)
	}
	mended := write("mended.csv", strings.NewReplacer("bad;", "bad@example.com;", ";x\n", ";7\n").Replace(string(text)))
	if told := bring(0, mended); strings.Count(told, "created            2\n") != 2 { // expected, and done
		t.Error(told)
	}
	for _, none := range []string{"", "a,b\n1,2\n", "\x1F\x8B\x08\x00", "PK\x03\x04"} {
		bring(2, write("none.csv", none))
	}
	bring(2, customers, "--format", "nonsense")
	bring(2, customers, "--map", write("map.yaml", "Nowhere: company\n"))
}
