package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	chromium "clientele/internal/testing/browser"
	"clientele/internal/testing/npm"
)

// packageSeed is the store that packages for test suites are tried on.
const packageSeed = `
stores:
  - hash: abc123
    name: Demo
    api_accounts: [{name: app, client_id: CID, client_secret: SECRET, access_token: TOKEN, scopes: [all]}]
    customers: [{id: 1, email: jane@example.com, first_name: Jane, last_name: Doe, password: Secret-123}]
`

// forPackages starts a server and returns what suites find it by.
func forPackages(t *testing.T) []string {
	t.Helper()
	seed := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(seed, []byte(packageSeed), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, "--seed", seed, "--control-token", "suite-secret")
	return []string{"CLIENTELE_URL=" + s.url, "CLIENTELE_CONTROL_TOKEN=suite-secret", "CLIENTELE_COMMAND=" + program(t)}
}

// suiteModules installs what the suites of the npm package need.
var suiteModules = sync.OnceValues(func() (string, error) {
	return npm.Install(os.DirFS("../../packages/npm/test"))
})

// The npm package does what it says in each of the runners that it helps, and
// its types say what it does.
func TestNPMPackage(t *testing.T) {
	t.Parallel()
	modules, err := suiteModules()
	chromium.Need(t, err)
	dir := t.TempDir()
	suite(t, dir, "../../packages/npm/test", "../../packages/npm", modules)
	env := forPackages(t)
	for name, args := range map[string][]string{
		"vitest":     {"vitest/vitest.mjs", "run", "--pool=threads", "store.test.mjs"},
		"jest":       {"jest/bin/jest.js", "--testMatch=**/*.jest.js", "--maxWorkers=2", "--cacheDirectory=" + t.TempDir()},
		"typescript": {"typescript/bin/tsc", "-p", "."},
		"playwright": {"@playwright/test/cli.js", "test"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := append([]string{"CI=1", "NO_COLOR=1"}, env...)
			if name == "playwright" {
				path, err := chromium.Path()
				chromium.Need(t, err)
				env = append(env, "CHROMIUM="+path)
			}
			args := append([]string{filepath.Join(dir, "node_modules", args[0])}, args[1:]...)
			p := launch(t, dir, env, "node", args...)
			if p.wait(); p.code != 0 {
				t.Errorf("the suite ends with %d", p.code)
			}
		})
	}
}

// suite lays out a directory as somebody has it who installed a package: the
// suite's files, and modules of which the package is one.
func suite(t *testing.T, dir, files, pack, modules string) {
	t.Helper()
	to := filepath.Join(dir, "node_modules")
	if err := os.Mkdir(to, 0o755); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(modules)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.Symlink(filepath.Join(modules, e.Name()), filepath.Join(to, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	own := filepath.Join(to, "clientele")
	if err := os.Mkdir(own, 0o755); err != nil {
		t.Fatal(err)
	}
	for from, into := range map[string]string{files: dir, pack: own} {
		found, err := filepath.Glob(filepath.Join(from, "*.*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			text, err := os.ReadFile(f)
			if err == nil {
				err = os.WriteFile(filepath.Join(into, filepath.Base(f)), text, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// What is published is what the package needs, and nothing else.
func TestNPMPackageIsWhole(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("npm"); err != nil {
		chromium.Need(t, err)
	}
	p := launch(t, absolute(t, "../../packages/npm"), nil, "npm", "pack", "--dry-run", "--json", "--ignore-scripts", "--offline")
	if p.wait(); p.code != 0 {
		t.Fatalf("npm pack ends with %d", p.code)
	}
	for _, name := range []string{"index.js", "index.d.ts", "jest.js", "jest.d.ts", "vitest.mjs", "vitest.d.mts", "playwright.js", "playwright.d.ts", "README.md", "package.json"} {
		if !strings.Contains(p.out.String(), `"path": "`+name+`"`) {
			t.Errorf("%s is not in it: %s", name, p.out.String())
		}
	}
	if strings.Contains(p.out.String(), "test/") {
		t.Errorf("tests are in it: %s", p.out.String())
	}
}
