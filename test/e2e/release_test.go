package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// build is go build in a directory.
func build(dir string, args ...string) error {
	cmd := exec.Command("go", append([]string{"build", "-buildvcs=false"}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// stripped builds the program as it is released, once per test run, but for what
// would have all of it compiled anew.
var stripped = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "stripped")
	return path, build(".", "-ldflags", "-s -w", "-o", path, "clientele/cmd/clientele")
})

// untar calls fn with each file of an archive.
func untar(t *testing.T, r io.Reader, fn func(h *tar.Header, text []byte)) {
	t.Helper()
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return
		}
		var text []byte
		if err == nil {
			text, err = io.ReadAll(tr)
		}
		if err != nil {
			t.Fatal(err)
		}
		fn(h, text)
	}
}

// A release holds what is promised, in the same bytes each time. RELEASE=full
// makes it twice for all platforms.
func TestRelease(t *testing.T) {
	t.Parallel()
	tool := filepath.Join(t.TempDir(), "release")
	if err := build("../../tools", "-o", tool, "./release"); err != nil {
		t.Fatal(err)
	}
	here := runtime.GOOS + "/" + runtime.GOARCH
	release := func(args ...string) string {
		t.Helper()
		dir := filepath.Join(t.TempDir(), "release")
		if out, err := exec.Command(tool, append([]string{"-source", "../..", "-out", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return dir
	}
	var dir string
	if os.Getenv("RELEASE") == "" {
		binary, err := stripped()
		if err != nil {
			t.Fatal(err)
		}
		dir = release("-platforms", here, "-binary", binary)
	} else {
		dir = release()
		if out, err := exec.Command("diff", "-r", dir, release()).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	read := func(pattern string) []byte {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %q, %v", pattern, found, err)
		}
		text, err := os.ReadFile(found[0])
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	n := 0
	for line := range strings.Lines(string(read("checksums.txt"))) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		if got := fmt.Sprintf("%x", sha256.Sum256(read(name))); got != sum {
			t.Errorf("%s has the sum %s, not %s", name, got, sum)
		}
		n++
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != n+1 || n == 0 {
		t.Errorf("%d of %d files have sums, %v", n, len(all), err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	z, err := gzip.NewReader(bytes.NewReader(read(fmt.Sprintf("clientele_*_%s_%s.tar.gz", runtime.GOOS, runtime.GOARCH))))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	to := t.TempDir()
	untar(t, z, func(h *tar.Header, text []byte) {
		_, name, _ := strings.Cut(h.Name, "/")
		files[name] = text
		path := filepath.Join(to, filepath.Base(name))
		if err := writeExecutable(path, text, os.FileMode(h.Mode)); err != nil {
			t.Fatal(err)
		}
	})
	for name, want := range map[string]string{
		"LICENSE": "Apache License", "clientele.1": ".SS clientele store create", "completions/_clientele": "#compdef clientele",
		"completions/clientele.bash": "complete -o default", "completions/clientele.fish": "complete -c clientele", "demo.yaml": "abc123",
	} {
		if !bytes.Contains(files[name], []byte(want)) {
			t.Errorf("%s has no %q", name, want)
		}
	}
	out, err := exec.Command(filepath.Join(to, "clientele"), "version").Output()
	version := regexp.MustCompile(`^clientele (\S+)`).FindSubmatch(out)
	if err != nil || version == nil {
		t.Fatalf("%v: %s", err, out)
	}
	bom(t, read(fmt.Sprintf("clientele_%s_%s_%s.cdx.json", version[1], runtime.GOOS, runtime.GOARCH)), files["clientele"])
	if runtime.GOOS == "linux" {
		unit(t, string(files["clientele.service"]), to)
	}
}

// bom checks a list of what a program is built of.
func bom(t *testing.T, text, program []byte) {
	t.Helper()
	var out struct {
		Format   string `json:"bomFormat"`
		Metadata struct {
			Timestamp string
			Component struct {
				Hashes []struct{ Alg, Content string }
			}
		}
		Components []struct{ Name, Version, Purl string }
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	hashes := out.Metadata.Component.Hashes
	if out.Format != "CycloneDX" || out.Metadata.Timestamp != "" || len(hashes) != 1 || hashes[0].Content != fmt.Sprintf("%x", sha256.Sum256(program)) {
		t.Errorf("%+v", out.Metadata)
	}
	versions := map[string]string{}
	for _, c := range out.Components {
		versions[c.Name] = c.Version
		if c.Purl != "pkg:golang/"+c.Name+"@"+c.Version {
			t.Errorf("%+v", c)
		}
	}
	for _, name := range []string{"modernc.org/sqlite", "github.com/jackc/pgx/v5", "std"} {
		if versions[name] == "" {
			t.Errorf("it lacks %s", name)
		}
	}
}

// unit has systemd read its unit, where it is.
func unit(t *testing.T, text, dir string) {
	t.Helper()
	const installed = "ExecStart=/usr/local/bin/clientele "
	if !strings.Contains(text, installed) {
		t.Errorf("it does not start the program:\n%s", text)
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Log(err)
		return
	}
	path := filepath.Join(dir, "clientele.service")
	// systemd looks for the program, and for the page of the manual.
	text = strings.Replace(text, installed, "ExecStart="+filepath.Join(dir, "clientele")+" ", 1)
	text = regexp.MustCompile(`(?m)^Documentation=.*\n`).ReplaceAllString(text, "")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-analyze", "verify", "--man=no", path).CombinedOutput(); err != nil || bytes.Contains(out, []byte("clientele.service")) {
		t.Errorf("%v\n%s", err, out)
	}
}
