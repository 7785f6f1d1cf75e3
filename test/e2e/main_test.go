// Package e2e runs the real program the way its users do: as a process, on
// both engines, with clients from npm, and through crashes.
package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	_ "clientele/internal/app" // go test must notice changes of the program
)

// built is the directory of the program under test.
var built string

// atOnce is how many tests run side by side unless -parallel says so: they
// mostly wait for other processes.
const atOnce = 6

func TestMain(m *testing.M) {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		if err := flag.Set("test.parallel", strconv.Itoa(atOnce)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	dir, err := os.MkdirTemp("", "clientele-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	built = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// program builds the program once per test run and returns its path.
func program(t testing.TB) string {
	t.Helper()
	path, err := buildProgram()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var buildProgram = sync.OnceValues(func() (string, error) {
	// A main package cannot be imported: reading its files is what tells go test
	// that a cached result depends on them.
	files, err := filepath.Glob("../../cmd/clientele/*.go")
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if _, err := os.ReadFile(f); err != nil {
			return "", err
		}
	}
	path := filepath.Join(built, "clientele")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, "clientele/cmd/clientele")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})
