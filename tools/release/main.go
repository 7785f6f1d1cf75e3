// Command release makes what is published of a version: the program for each
// platform with its completions, page of the manual and unit for systemd, a list
// of what it is built of, and checksums of all. The same source gives the same
// bytes.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"clientele/tools/internal/product"
)

// platforms are those that a release is for.
const platforms = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	source := flags.String("source", "..", "the source tree")
	out := flags.String("out", "../bin/release", "where to write, a directory that is made anew")
	list := flags.String("platforms", platforms, "what to make it for")
	binary := flags.String("binary", "", "a program that is built already, for this machine alone")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := os.RemoveAll(*out); err != nil {
		return err
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "clientele-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	here := product.Platform{OS: runtime.GOOS, Arch: runtime.GOARCH}
	// What tells of the program is asked of one that runs here.
	own := *binary
	if own == "" {
		own = filepath.Join(work, "own")
		if err := product.Build(ctx, *source, here, own); err != nil {
			return err
		}
	} else if *list != here.String() {
		return errors.New("-binary is for this machine: name it by -platforms " + here.String())
	}
	shared, version, err := documents(ctx, *source, own)
	if err != nil {
		return err
	}
	var sums []string
	write := func(name string, text []byte) error {
		sums = append(sums, fmt.Sprintf("%x  %s\n", sha256.Sum256(text), name))
		return os.WriteFile(filepath.Join(*out, name), text, 0o644)
	}
	for text := range strings.SplitSeq(*list, ",") {
		p, err := product.Parse(text)
		if err != nil {
			return err
		}
		program := own
		if p != here {
			program = filepath.Join(work, p.OS+"-"+p.Arch)
			if err := product.Build(ctx, *source, p, program); err != nil {
				return err
			}
		}
		name := fmt.Sprintf("clientele_%s_%s_%s", version, p.OS, p.Arch)
		made, err := packed(p, name, program, shared)
		if err != nil {
			return err
		}
		bom, err := bill(p, program, version)
		if err != nil {
			return err
		}
		ending := ".tar.gz"
		if p.OS == "windows" {
			ending = ".zip"
		}
		if err := write(name+ending, made); err != nil {
			return err
		}
		if err := write(name+".cdx.json", bom); err != nil {
			return err
		}
		fmt.Printf("%s, %.1f MB\n", name+ending, float64(len(made))/1e6)
	}
	slices.SortFunc(sums, func(a, b string) int { return strings.Compare(a[66:], b[66:]) })
	return os.WriteFile(filepath.Join(*out, "checksums.txt"), []byte(strings.Join(sums, "")), 0o644)
}

// documents returns the files that all platforms have, and the version.
func documents(ctx context.Context, source, program string) (out []file, version string, err error) {
	ask := func(args ...string) []byte {
		text, failed := exec.CommandContext(ctx, program, args...).Output()
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("clientele %s: %w", strings.Join(args, " "), failed))
		}
		return text
	}
	read := func(path string) []byte {
		text, failed := os.ReadFile(filepath.Join(source, path))
		err = errors.Join(err, failed)
		return text
	}
	out = []file{
		{"LICENSE", read("LICENSE"), 0o644},
		{"clientele.1", ask("man"), 0o644},
		{"clientele.service", read("deploy/systemd/clientele.service"), 0o644},
		{"completions/_clientele", ask("completion", "zsh"), 0o644},
		{"completions/clientele.bash", ask("completion", "bash"), 0o644},
		{"completions/clientele.fish", ask("completion", "fish"), 0o644},
		{"demo.yaml", read("demo.yaml"), 0o644},
	}
	words := strings.Fields(string(ask("version")))
	if len(words) < 2 {
		return nil, "", errors.Join(err, errors.New("the program does not tell its version"))
	}
	return out, words[1], err
}
