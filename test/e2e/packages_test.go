package e2e

import (
	"fmt"
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

// copyFiles copies the files of directories that a pattern names.
func copyFiles(t *testing.T, to string, patterns ...string) {
	t.Helper()
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		for _, f := range found {
			text, err := os.ReadFile(f)
			if err == nil {
				err = os.WriteFile(filepath.Join(to, filepath.Base(f)), text, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
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
	copyFiles(t, dir, filepath.Join(files, "*.*"))
	copyFiles(t, own, filepath.Join(pack, "*.*"))
}

// pythons are the interpreters that may have pytest: Debian's package is one of
// Debian's own.
var pythons = []string{"/usr/bin/python3", "python3"}

// The plugin of pytest does what it says.
func TestPytestPlugin(t *testing.T) {
	t.Parallel()
	python := ""
	for _, name := range pythons {
		if exec.Command(name, "-c", "import pytest").Run() == nil {
			python = name
			break
		}
	}
	if python == "" {
		chromium.Need(t, fmt.Errorf("pytest: %w", exec.ErrNotFound))
	}
	dir := t.TempDir()
	copyFiles(t, dir, "../../packages/pytest/*.py", "../../packages/pytest/test/*.py")
	p := launch(t, dir, forPackages(t), python, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", ".")
	if p.wait(); p.code != 0 {
		t.Errorf("the suite ends with %d", p.code)
	}
}

// jars are where Debian's packages put those of JUnit.
const jars = "/usr/share/java/"

// The extension of JUnit does what it says. A JDK is not installed for it alone:
// it is tried where there is one with JUnit, as of Debian's default-jdk-headless
// and junit5.
func TestJUnitExtension(t *testing.T) {
	t.Parallel()
	_, err := exec.LookPath("javac")
	path := "."
	for _, name := range []string{"junit-jupiter-api", "junit-jupiter-engine", "junit-jupiter-params", "junit-platform-commons", "junit-platform-console", "junit-platform-engine", "junit-platform-launcher", "junit-platform-reporting", "opentest4j", "apiguardian-api", "picocli", "opentest4j-reporting-events", "opentest4j-reporting-schema"} {
		jar := jars + name + ".jar"
		if _, missing := os.Stat(jar); missing != nil {
			err = fmt.Errorf("%s: %w", jar, exec.ErrNotFound)
		}
		path += ":" + jar
	}
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	copyFiles(t, dir, "../../packages/junit/*.java", "../../packages/junit/test/*.java")
	p := launch(t, dir, nil, "javac", "-encoding", "UTF-8", "-Xlint:all,-path", "-Werror", "--release", "11", "-cp", path, "ClienteleExtension.java", "StoreTest.java")
	if p.wait(); p.code != 0 {
		t.Fatalf("javac ends with %d", p.code)
	}
	p = launch(t, dir, forPackages(t), "java", "-XX:TieredStopAtLevel=1", "-cp", path, "org.junit.platform.console.ConsoleLauncher", "--scan-classpath=.", "--disable-banner", "--fail-if-no-tests")
	if p.wait(); p.code != 0 {
		t.Errorf("the suite ends with %d", p.code)
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
