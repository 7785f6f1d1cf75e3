package e2e

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// maxImage bounds what of an image is sent, in bytes.
const maxImage = 20_000_000

// imager builds what makes images, once per test run.
var imager = sync.OnceValues(func() (string, error) {
	path := filepath.Join(built, "image")
	return path, build("../../tools", "-o", path, "./image")
})

// made makes an image and returns the directory that it is in, and what was
// said.
func made(t *testing.T, args ...string) (dir, said string) {
	t.Helper()
	image, err := imager()
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "image")
	cmd := exec.Command(image, append([]string{"-source", "../..", "-out", dir}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("image: %v\n%s", err, out)
	}
	return dir, strings.ReplaceAll(string(out), dir, "")
}

// imageConfig is what an image says of how it runs.
type imageConfig struct {
	User, WorkingDir string
	Env              []string
	Entrypoint, Cmd  []string
	ExposedPorts     map[string]struct{}
	Volumes          map[string]struct{}
	Healthcheck      struct {
		Test                           []string
		Interval, Timeout, StartPeriod time.Duration
		Retries                        int
	}
	Labels map[string]string
}

// loaded reads a file for docker load: its files, the names of its layers and how
// it runs.
func loaded(t *testing.T, path string) (layers [][]byte, config imageConfig) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	untar(t, bytes.NewReader(text), func(h *tar.Header, text []byte) { files[h.Name] = text })
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	parse := func(text []byte, into any) {
		t.Helper()
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	parse(files["manifest.json"], &manifest)
	if len(manifest) != 1 || len(manifest[0].RepoTags) != 1 || !strings.HasSuffix(manifest[0].RepoTags[0], "clientele:latest") {
		t.Fatalf("%+v", manifest)
	}
	var whole struct{ Config imageConfig }
	parse(files[manifest[0].Config], &whole)
	for _, l := range manifest[0].Layers {
		layers = append(layers, files[l])
	}
	return layers, whole.Config
}

// unpack writes the layers of an image below a directory, as their owners.
func unpack(t *testing.T, layers [][]byte, root string) {
	t.Helper()
	for _, l := range layers {
		z, err := zstd.NewReader(bytes.NewReader(l))
		if err != nil {
			t.Fatal(err)
		}
		untar(t, z, func(h *tar.Header, text []byte) {
			path := filepath.Join(root, h.Name)
			var err error
			if h.Typeflag == tar.TypeDir {
				err = os.Mkdir(path, 0o755)
			} else {
				err = writeExecutable(path, text, 0o644)
			}
			if err == nil {
				err = os.Chmod(path, os.FileMode(h.Mode))
			}
			if err == nil && os.Getuid() == 0 {
				err = os.Chown(path, h.Uid, h.Gid)
			}
			if err != nil {
				t.Fatal(err)
			}
			if !h.ModTime.Equal(time.Unix(0, 0)) {
				t.Errorf("%s has the time %s", h.Name, h.ModTime)
			}
		})
	}
}

// The image has what is promised, and runs as its user where nothing but its
// data can be written.
func TestImage(t *testing.T) {
	t.Parallel()
	binary, err := stripped()
	if err != nil {
		t.Fatal(err)
	}
	dir, _ := made(t, "-platforms", "linux/"+runtime.GOARCH, "-binary", binary)
	layers, config := loaded(t, filepath.Join(dir, "clientele-linux-"+runtime.GOARCH+".tar"))
	size := 0
	for _, l := range layers {
		size += len(l)
	}
	if size > maxImage {
		t.Errorf("the image has %d bytes", size)
	}
	if want := dockerfile(t); !reflect.DeepEqual(config, want) {
		t.Errorf("the image runs as\n%+v\nthe Dockerfile's as\n%+v", config, want)
	}
	root := filepath.Join(t.TempDir(), "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	unpack(t, layers, root)
	authorities(t, filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
	if os.Getuid() != 0 {
		t.Skip("only root can run it as another user")
	}
	const within = `set -e; mount --make-rprivate /; mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"
		mount -t tmpfs -o uid=65532,gid=65532,mode=700 none "$1/data"
		if touch "$1/new" 2>/dev/null; then exit 9; fi
		exec chroot --userspec=65532:65532 --groups=65532 "$@"`
	env := []string{"CLIENTELE_CONTROL_TOKEN=ci-secret"}
	for _, v := range config.Env {
		if strings.HasPrefix(v, "CLIENTELE_LISTEN=") {
			v = "CLIENTELE_LISTEN=0.0.0.0:0" // a free port of this machine
		}
		env = append(env, v)
	}
	args := append([]string{"--mount", "sh", "-c", within, "sh", root}, append(config.Entrypoint, config.Cmd...)...)
	p := launch(t, t.TempDir(), env, "unshare", args...)
	port := p.await(&p.errs, regexp.MustCompile(`address="?\S*:(\d+)`))[1]
	for token, want := range map[string]int{"": http.StatusUnauthorized, "ci-secret": http.StatusOK} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+port+"/_clientele/v1/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("with the token %q: %d", token, res.StatusCode)
		}
	}
	health := append([]string{"--userspec=65532:65532", root}, config.Healthcheck.Test[1:]...)
	h := launch(t, t.TempDir(), []string{"CLIENTELE_LISTEN=0.0.0.0:" + port}, "chroot", health...)
	if h.wait(); h.code != 0 || h.out.String() != "ready\n" {
		t.Errorf("the check of its health ends with %d: %s%s", h.code, h.out.String(), h.errs.String())
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil || !regexp.MustCompile(`(?m)^Uid:\t65532\t65532\t65532\t65532$`).Match(status) || !regexp.MustCompile(`(?m)^Groups:\t65532 ?$`).Match(status) {
		t.Errorf("%v\n%s", err, status)
	}
}

// dockerfile returns how the image runs by the Dockerfile.
func dockerfile(t *testing.T) (out imageConfig) {
	t.Helper()
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, last, _ := strings.Cut(string(text), "\nFROM scratch\n")
	list := func(text string) (out []string) {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		return out
	}
	out.Labels = map[string]string{}
	for line := range strings.Lines(last) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "ENV":
			out.Env = append(out.Env, rest)
		case "USER":
			out.User = rest
		case "WORKDIR":
			out.WorkingDir = rest
		case "VOLUME":
			out.Volumes = map[string]struct{}{rest: {}}
		case "EXPOSE":
			out.ExposedPorts = map[string]struct{}{rest: {}}
		case "ENTRYPOINT":
			out.Entrypoint = list(rest)
		case "CMD":
			out.Cmd = list(rest)
		case "LABEL":
			name, value, _ := strings.Cut(rest, "=")
			out.Labels[name] = value
		case "HEALTHCHECK":
			flags, cmd, _ := strings.Cut(rest, " CMD ")
			h := &out.Healthcheck
			h.Test = append([]string{"CMD"}, list(cmd)...)
			for _, f := range strings.Fields(flags) {
				name, value, _ := strings.Cut(f, "=")
				d, err := time.ParseDuration(value)
				switch name {
				case "--interval":
					h.Interval = d
				case "--timeout":
					h.Timeout = d
				case "--start-period":
					h.StartPeriod = d
				case "--retries":
					_, err = fmt.Sscan(value, &h.Retries)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return out
}

// authorities checks a file of authorities' certificates.
func authorities(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || !c.IsCA {
			t.Errorf("certificate %d: %v", n, err)
		}
		n++
	}
	if n < 80 {
		t.Errorf("there are %d authorities", n)
	}
}

// What is made twice is the same, for all platforms at once. IMAGE=full builds
// the program each time too, in another directory.
func TestImageIsReproducible(t *testing.T) {
	t.Parallel()
	var args []string
	if os.Getenv("IMAGE") == "" {
		args = []string{"-platforms", "linux/arm64", "-binary", "../../LICENSE"}
	}
	first, said := made(t, args...)
	second, again := made(t, args...)
	if said != again || !strings.Contains(said, "sha256:") {
		t.Errorf("first\n%s\nthen\n%s", said, again)
	}
	if out, err := exec.Command("diff", "-r", first, second).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
