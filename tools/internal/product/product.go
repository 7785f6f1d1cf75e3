// Package product builds the program as it is released: the same source gives
// the same bytes, wherever it is built with the same Go.
package product

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Platform is an operating system and an architecture, by Go's names.
type Platform struct{ OS, Arch string }

// String is the platform as linux/amd64.
func (p Platform) String() string { return p.OS + "/" + p.Arch }

// Parse reads a platform such as linux/amd64.
func Parse(text string) (Platform, error) {
	system, arch, ok := strings.Cut(text, "/")
	if !ok || system == "" || arch == "" || strings.Contains(arch, "/") {
		return Platform{}, fmt.Errorf("platform %q: want one such as linux/amd64", text)
	}
	return Platform{system, arch}, nil
}

// Build builds the program of a source tree. It is static, has no symbols for
// debuggers, and tells nothing of where and from which checkout it was built.
func Build(ctx context.Context, source string, p Platform, out string) error {
	path, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-o", path, "./cmd/clientele")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOOS="+p.OS, "GOARCH="+p.Arch, "GOAMD64=v1", "GOARM64=v8.0", "GOWORK=off", "GOEXPERIMENT=")
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build for %s: %w\n%s", p, err, text)
	}
	return nil
}
